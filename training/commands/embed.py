"""`clara embed FILE...`: unit vectors, one JSON object a line, or as arrays in an .npz."""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np

from training.commands.models import asked_for, waveform


def run(asked: argparse.Namespace) -> int:
    """Embed every file, one at a time, so that a long list needs little memory."""
    clara = asked_for(asked)
    keys, rows = [], []
    for path in asked.files:
        embedding = clara.embed_audio([waveform(path)])[0].cpu().numpy()
        if asked.out is None:
            told = {"file": str(path), "embedding": [round(float(value), 7) for value in embedding]}
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        keys.append(str(path))
        rows.append(embedding)
    if asked.out is not None:
        with asked.out.open("wb") as file:
            np.savez(file, keys=np.array(keys), embeddings=np.stack(rows))
    return 0
