"""What a look at a test split costs: every look spends some of the chance of being fooled, so each has to be surer.

A champion is compared with again and again on the same few speakers, and the luckiest of many equals would pass in the
end. The first look at some speakers may be fooled once in forty (the lower 95 % bound of DESIGN); the second and every
later one less often, down to once in two hundred, below which a gate would be shut to all but leaps and a site that
runs for years would stand still. New test speakers make looks cheaper again, in the share that they have of the split:
a look counts for as much as the share of today's test clips whose speakers were heard then.
docs/decisions/0011 has the reasons, docs/benchmarks/gate.md what it costs and keeps.
"""

FIRST_TAIL = 0.025
LEAST_TAIL = 0.005
# From here on the pages say that these test speakers are worn, and new ones are wanted.
WORN_FROM = 10


def tail(earlier_looks: float) -> float:
    """How often an equal may pass at this look: 1 in 40, then 1 in 120, then 1 in 200 (0.05 / (k (k + 1)), floored)."""
    number = look(earlier_looks)
    return max(LEAST_TAIL, 2 * FIRST_TAIL / (number * (number + 1)))


def look(earlier_looks: float) -> int:
    """The number of this look; shares of earlier looks count when they make a whole one."""
    # 0.9999 of a look is one: shares are sums of fractions.
    return 1 + int(earlier_looks + 1e-6)


def fooled_at_most(earlier_looks: float) -> float:
    """The chance that of so many equals, this one included, at least one passed: at most the sum of what was spent."""
    return min(1.0, sum(tail(number) for number in range(look(earlier_looks))))
