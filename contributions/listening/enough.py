"""How many listeners a clip wants, from what they have answered: few while they agree, more while they do not.

Three, then five, then seven (docs of the design, section 7). Pure: it knows no clip. What it does not know: whether
those who agree are right.
"""

from collections import Counter
from collections.abc import Sequence

STEPS = (3, 5, 7)
TEST_SIDE_LEAST = 5
# So far ahead of every other answer, the first one is rarely overtaken by further listeners.
LEAD = 2


def wanted(votes: Sequence[str], *, at_least: int = STEPS[0]) -> int:
    """How many answers are wanted in all: the next step while listeners disagree, as many as there are once not."""
    count = len(votes)
    if count < at_least:
        return at_least
    if count >= STEPS[-1] or is_agreed(votes):
        return count
    return next(step for step in STEPS if step > count)


def is_agreed(votes: Sequence[str]) -> bool:
    """Whether one answer leads every other one by so many votes that more listeners would hardly change it."""
    ranked = [count for _answer, count in Counter(votes).most_common(2)]
    return bool(ranked) and ranked[0] - sum(ranked[1:]) >= LEAD
