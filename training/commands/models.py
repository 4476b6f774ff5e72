"""The model that an act works with, and the sound files that it is given."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from training.clara import Clara, seed_head, sources
from training.command import Refused
from training.packing import Undecodable, decoded

SAID_OF_SEED = (
    "the seed head, which was trained on RAVDESS and nEMO and is under CC BY-NC-SA 4.0: not for commercial use"
)


def asked_for(asked: argparse.Namespace) -> Clara:
    """The checkpoint that was named, else the seed head.

    Raises CorruptCheckpoint or NotFetchable, or Refused where there is none.
    """
    if asked.threads:
        torch.set_num_threads(asked.threads)
    if asked.model:
        return Clara.load(checkpoint_in(asked.model))
    try:
        clara = seed_head.load()
    except seed_head.NoSeedHead as error:
        raise Refused("no seed head came with this copy: name a checkpoint with --model") from error
    sys.stderr.write(f"clara: {SAID_OF_SEED}\n")
    return clara


def checkpoint_in(model: str) -> Path:
    """The folder of the checkpoint: the one that was named, a finished run's export, or a verified copy of an address.

    Addresses are whatever `Clara.load` takes. Raises Refused where a folder holds no checkpoint, and NotFetchable or
    CorruptCheckpoint where an address gives none.
    """
    if sources.IS_REMOTE.match(model):
        # A large model takes minutes, in which nothing else is said.
        sys.stderr.write(f"clara: asking {model}\n")
        return sources.folder_of(model)
    folder = Path(model)
    if not folder.is_dir():
        raise Refused(f"there is no folder {folder}")
    for place in (folder, folder / "export"):
        if (place / "config.json").is_file():
            return place
    raise Refused(f"{folder} is no checkpoint: it holds no config.json; a run is exported when it is finished")


def waveform(path: Path) -> np.ndarray:
    """The file's sound, 16 kHz int16 (samples,); raises Refused, naming the file, when there is none to be had."""
    if path.is_dir():
        raise Refused(f"{path} is a folder, not a sound file")
    try:
        return decoded(path.read_bytes())
    except Undecodable as error:
        raise Refused(f"{path}: {error}") from error
