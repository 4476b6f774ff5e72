"""Small groups: what would point at one of few people is not told, alone or together.

Of each language a person's gender, age band and accent are told only as a set that at least five people of that
language share, person for person: who tells more than that is told of with less, first without the accent, then without
the age, then without anything. What is hidden in one language of a person is hidden in all, since their name is the
same there. Speakers of licensed corpora are exempt, and nobody hides among them: their corpus has published the facts,
and their clips say from which corpus they are.

It does not know who else could be recognised by the voice itself.
"""

from contributions.releasing.draft import Draft

# Fewer people that tell the same, and it would point at one of them.
SPEAKERS_TO_HIDE_AMONG = 5
FACTS = ("gender", "age_band", "accent")

# Sets of facts that too few people of a language share.
FEW = """
CREATE TEMP TABLE few AS SELECT language, gender, age_band, accent FROM voices
WHERE speaker IN (SELECT speaker FROM speakers WHERE is_person) GROUP BY 1, 2, 3, 4 HAVING COUNT(*) < {number}
"""
HIDDEN = """
UPDATE voices SET {fact} = NULL WHERE {fact} IS NOT NULL {later}
AND speaker IN (SELECT speaker FROM speakers WHERE is_person) AND EXISTS (SELECT 1 FROM few
WHERE few.language = voices.language AND few.gender IS voices.gender AND few.age_band IS voices.age_band
AND few.accent IS voices.accent)
"""
ELSEWHERE = """
UPDATE voices SET {fact} = NULL WHERE {fact} IS NOT NULL AND speaker IN
(SELECT speaker FROM voices WHERE {fact} IS NULL)
"""


def scrub(draft: Draft) -> None:
    """Fill the draft's voices with what may be told of each speaker in each of their languages."""
    # What may be told at all stands in `speakers` already.
    draft.database.execute(
        "INSERT INTO voices SELECT DISTINCT clips.speaker, language, NULLIF(gender, ''), NULLIF(age_band, ''), "
        "NULLIF(accent, '') FROM clips JOIN speakers USING (speaker) WHERE left_out IS NULL"
    )
    while hidden_among_few(draft) + hidden_elsewhere(draft):
        # Who is told of with less may leave too few behind.
        pass


def hidden_among_few(draft: Draft) -> int:
    """Hide the least fact of each set that too few share, then the next; how many were hidden."""
    count = 0
    for at in reversed(range(len(FACTS))):
        later = " ".join(f"AND {fact} IS NULL" for fact in FACTS[at + 1 :])
        draft.database.execute("DROP TABLE IF EXISTS few")
        draft.database.execute(FEW.format(number=SPEAKERS_TO_HIDE_AMONG))
        count += draft.database.execute(HIDDEN.format(fact=FACTS[at], later=later)).rowcount
    return count


def hidden_elsewhere(draft: Draft) -> int:
    """Hide in all languages of a speaker what is hidden in one; how many were hidden."""
    return sum(draft.database.execute(ELSEWHERE.format(fact=fact)).rowcount for fact in FACTS)
