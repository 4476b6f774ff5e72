"""Random populations of contributors, one of whom floods a language, straight in a draft."""

import random
from fractions import Fraction
from uuid import UUID

from contributions.releasing import selection, shares
from contributions.releasing.draft import Draft

LANGUAGES = ("en", "de", "pl", "sw")
FLOODER = UUID(int=0).bytes


def plant(draft: Draft, *, seed: int) -> None:
    """Some contributors with a few clips each, one who gives as many as all others and more, and perhaps a corpus."""
    chance = random.Random(seed)
    people = chance.choice((1, 2, 3, 5, 12, 40, 120))
    rows = [(FLOODER, "sw", None)] * chance.choice((1, 10, 100, 400))
    for number in range(1, people):
        clips = chance.choice((1, 2, 5, 20))
        rows += [(UUID(int=number).bytes, chance.choice(LANGUAGES), None)] * clips
    rows += [(UUID(int=10_000).bytes, "en", "a corpus")] * chance.choice((0, 0, 300))
    draft.database.execute("DELETE FROM clips")
    draft.write(
        "INSERT INTO clips (clip, speaker, language, corpus, drawn, split, sha256, told, ratings) "
        "VALUES (?, ?, ?, ?, ?, 'train', '', '', '')",
        (
            (UUID(int=place).bytes, speaker, language, corpus, chance.randbytes(8))
            for place, (speaker, language, corpus) in enumerate(rows)
        ),
    )


def check_fair(draft: Draft) -> Fraction:
    """Cut to the share and see that it holds, exactly, and cuts no more than it must; the flooder's part of Swahili."""
    people = "SELECT speaker, COUNT(*) FROM clips WHERE left_out IS NULL AND corpus IS NULL {} GROUP BY speaker"
    before = dict(draft.ask(people.format("")))
    licensed = draft.counts("corpus")
    selection.cut_to_the_share(draft)
    after = dict(draft.ask(people.format("")))

    most, all_of_them = max(after.values()), sum(after.values())
    # Of so few that each has more than a third the share is everything.
    assert most <= shares.share_of(len(after)) * all_of_them
    assert after.keys() == before.keys()
    assert after == {who: min(given, most) for who, given in before.items()}
    if most < max(before.values()):
        one_more = [min(given, most + 1) for given in before.values()]
        assert max(one_more) > shares.share_of(len(after)) * sum(one_more)
    assert draft.counts("corpus") == licensed
    swahili = dict(draft.ask(people.format("AND language = 'sw'")))
    return Fraction(swahili[FLOODER], sum(swahili.values()))
