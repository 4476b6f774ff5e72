"""CLARA: speech and words in one space. Pure PyTorch; it knows no database, bucket or training loop.

What is named here is imported when it is first asked for: a web process reads the configurations, and loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.clara.checkpoint import CorruptCheckpoint
    from training.clara.config import ClaraConfig
    from training.clara.inference import Clara
    from training.clara.places import NotFetchable

__all__ = ["Clara", "ClaraConfig", "CorruptCheckpoint", "NotFetchable"]

_HOMES = {"Clara": "inference", "ClaraConfig": "config", "CorruptCheckpoint": "checkpoint", "NotFetchable": "places"}


def __getattr__(name: str) -> Any:
    """The class of that name, from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
