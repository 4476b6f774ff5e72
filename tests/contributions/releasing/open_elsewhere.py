"""Reads the release in a folder as researchers do, with `webdataset` and with `datasets`, and prints what they see.

A process of its own: the two and what they load are slow to import. `datasets` makes sound of bytes through torchcodec,
which we do not depend on; nothing is decoded here, so an empty one stands in for it.
"""

import hashlib
import json
import sys
import types
from pathlib import Path
from typing import Any


def by_webdataset(shards: list[str]) -> dict[str, Any]:
    """Each clip's speaker, digest and shares by its key."""
    import webdataset

    clips = webdataset.WebDataset(shards, shardshuffle=False)
    return {clip["__key__"]: seen(clip["flac"], json.loads(clip["json"])) for clip in clips}


def by_datasets(shards: list[str], cache: str) -> dict[str, Any]:
    """The same."""
    import datasets

    for name in ("torchcodec", "torchcodec.encoders"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["torchcodec.encoders"].AudioEncoder = None
    clips = datasets.load_dataset("webdataset", data_files={"train": shards}, split="train", cache_dir=cache)
    clips = clips.cast_column("flac", datasets.Audio(decode=False))
    return {clip["__key__"]: seen(clip["flac"]["bytes"], clip["json"]) for clip in clips}


def seen(flac: bytes, about: dict[str, Any]) -> list[Any]:
    """What is compared of a clip."""
    shares = {emotion: share for emotion, share in about["labels"]["emotion"].items() if share}
    return [about["speaker"], hashlib.sha256(flac).hexdigest(), shares]


if __name__ == "__main__":
    found = sorted(map(str, Path(sys.argv[1], "shards").glob("*.tar")))
    sys.stdout.write(json.dumps([by_webdataset(found), by_datasets(found, sys.argv[2])]) + "\n")
