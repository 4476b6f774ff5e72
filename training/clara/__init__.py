"""CLARA: speech and words in one space. Pure PyTorch; it knows no database, bucket or training loop."""

from training.clara.checkpoint import CorruptCheckpoint
from training.clara.config import ClaraConfig
from training.clara.inference import Clara

__all__ = ["Clara", "ClaraConfig", "CorruptCheckpoint"]
