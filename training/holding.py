"""Holding a lease for hours, as the ground floor does it."""

from openempathic.holding import Holding

__all__ = ["Holding"]
