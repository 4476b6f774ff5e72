"""The gate: whether a candidate is whole, honest and better than what it would replace; what it found is written."""

from training.gate import judging
from training.gate.judging import Verdict, judge

__all__ = ["Verdict", "judge", "judging"]
