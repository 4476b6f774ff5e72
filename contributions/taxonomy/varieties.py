"""Some varieties of our languages, as their speakers call them: a data file, read once. Needs no Django.

A list to begin with, not of what there is: everybody may say it in words of their own.
"""

import tomllib
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "varieties.toml"


@cache
def seeds(tag: str) -> tuple[str, ...]:
    """What may be suggested for the language of exactly this tag; nothing where nobody has written anything."""
    return tuple(tomllib.loads(FILE.read_text(encoding="utf-8")).get(tag, {}).get("names", ()))
