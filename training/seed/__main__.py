"""`python -m training.seed --data DIR --out DIR`: make the seed head from RAVDESS and nEMO, and measure it."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Pack the two corpora under --data, train, calibrate on held-out speakers, and write the head to --out."""
    raise NotImplementedError


if __name__ == "__main__":
    sys.exit(main())
