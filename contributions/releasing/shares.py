"""How much one contributor may give: exact, and reckoned from how many gave how much, not from who."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

# A hundredth of what people gave, or three even parts of it where few gave.
LEAST_SHARE, EVEN_PARTS = Fraction(1, 100), 3


def share_of(contributors: int) -> Fraction:
    """The largest part of all clips of people, corpora apart, that one of so many contributors may give."""
    return max(LEAST_SHARE, Fraction(EVEN_PARTS, contributors))


def clips_at_most(histogram: Mapping[int, int] | Iterable[tuple[int, int]]) -> int:
    """How many clips one contributor may give, where `histogram` says for a number of clips how many people gave it.

    It is the most that is within the share of all that stay; 0 where nobody gave any.
    """
    given = [(clips, people) for clips, people in dict(histogram).items() if clips and people]
    if not given:
        return 0
    share = share_of(sum(people for _clips, people in given))
    # Halving works: what stays grows ever slower with the limit, so beyond the first limit that is too high all are.
    low, high = 1, max(clips for clips, _people in given)
    while low < high:
        middle = (low + high + 1) // 2
        if middle <= share * sum(min(clips, middle) * people for clips, people in given):
            low = middle
        else:
            high = middle - 1
    return low
