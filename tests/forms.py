"""Of a test that has many forms (sizes, languages, interruptions): which are looked at now.

`./run test` looks at the first and leaves out what is marked `soak`; `./run soak` sets OE_EVERY and looks at all.
"""

import os
from collections.abc import Iterable
from typing import Any

EVERY = "OE_EVERY" in os.environ


def first_of(forms: Iterable[Any], count: int = 1) -> list[Any]:
    """The first of the forms, so many of them, or all where all are asked for."""
    return list(forms)[: None if EVERY else count]
