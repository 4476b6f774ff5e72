"""How sure a share is: tails and intervals of counts, in plain Python, so that no page waits for a numeric library."""

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

# Two-sided, 95 %.
Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Share:
    """So many of so many, and between which bounds the share lies at 95 %; all three null where there are none."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None

    def facts(self) -> dict[str, Any]:
        """As a row keeps it."""
        return asdict(self)


def share(count: int, of: int) -> Share:
    """The share with Wilson's interval, which stays within 0 and 1 for few (Wilson 1927; Brown, Cai, DasGupta 2001)."""
    if not of:
        return Share(0, 0, None, None, None)
    low, high = wilson(count / of, of)
    return Share(count, of, count / of, low, high)


def wilson(part: float, of: float) -> tuple[float, float]:
    """Between which bounds a share of so many lies; for a mean of fractions it is somewhat too wide."""
    middle = (part + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z / (1 + Z * Z / of) * math.sqrt(part * (1 - part) / of + Z * Z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(count: int, of: int, other_count: int, other_of: int) -> tuple[float, float]:
    """Bounds of the difference of two shares (Newcombe 1998, method 10); both must have been counted."""
    one, other = count / of, other_count / other_of
    low, high = wilson(one, of)
    other_low, other_high = wilson(other, other_of)
    below = math.hypot(one - low, other_high - other)
    above_it = math.hypot(high - one, other - other_low)
    return one - other - below, one - other + above_it


def at_least(count: int, of: int, chance: float) -> float:
    """How probable so many or more of so many are, where each comes about with this chance."""
    return min(1.0, math.fsum(probability(each, of, chance) for each in range(count, of + 1)))


def at_most(count: int, of: int, chance: float) -> float:
    """How probable so many or fewer are."""
    return min(1.0, math.fsum(probability(each, of, chance) for each in range(count + 1)))


def probability(count: int, of: int, chance: float) -> float:
    """How probable exactly so many are."""
    return float(math.comb(of, count) * chance**count * (1 - chance) ** (of - count))


def above(z: float) -> float:
    """How probable a normal number is so many standard errors above its mean, or more."""
    return 1 - NormalDist().cdf(z)


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t: by Fisher's expansion, exact to half a hundredth."""
    if freedom < 1:
        return math.inf
    if freedom <= len(FEW):
        return FEW[freedom - 1]
    z, n = Z, freedom
    first = (z**3 + z) / (4 * n)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return z + first + second + third


# For so few the expansion is not good enough.
FEW = (12.706, 4.303, 3.182, 2.776, 2.571)
