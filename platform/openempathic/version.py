"""The version that is running, kept beside what people decided under it."""

from functools import lru_cache
from importlib.metadata import version


@lru_cache
def app_version() -> str:
    """The installed version of Open Empathic."""
    return version("openempathic")
