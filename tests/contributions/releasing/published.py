"""A small DATASET release, frozen and read, as the tests of published datasets need it."""

import io
import json

from django.utils import timezone

from contributions.models import Dataset, Release
from contributions.releasing import datasets
from openempathic import storage

SHARD, CLIPS = "shards/000000.tar", "clips.jsonl"


def release_of_lines(*, kind=Release.Kind.DATASET, digest="d" * 64, language="pl"):
    """A release whose files were put by hand, for what only asks of files and rows."""
    made = Release.objects.create(kind=kind, digest=digest, counts={"clips": 2})
    figures = {
        "format": "openempathic-figures/1",
        "clips": 2,
        "speakers": 2,
        "seconds": 7200.0,
        "emotions": {"anger": 1, "fear": 1},
        "languages": {
            language: {
                "clips": 2,
                "speakers": 2,
                "seconds": 7200.0,
                "splits": {
                    "TEST": {"clips": 1, "speakers": 1, "seconds": 3600.0},
                    "TRAIN": {"clips": 1, "speakers": 1, "seconds": 3600.0},
                },
                "emotions": {"anger": 1, "fear": 1},
                "permissions": {"CONSENT": 2},
                "sample_rates_hz": {"48000": 2},
                "methods": {"counts-1": 2},
                "corpora": {},
                "genders": {},
            }
        },
        "agreement": {language: {"alpha": 0.41, "low": 0.3, "high": 0.5, "clips": 40, "ratings": 120}},
        "corpora": {},
    }
    files = {
        "manifest.json": json.dumps({"format": "openempathic-release/2", "shards": []}).encode(),
        SHARD: bytes(range(256)) * 40,
        CLIPS: b"{}\n",
        "croissant.json": b"{}",
        "figures.json": json.dumps(figures).encode(),
        f"datasheets/{language}.md": b"# Datasheet: Polish (pl)\n\nSpoken by volunteers.\n",
    }
    for name, content in files.items():
        storage.put(f"{made.prefix}/{name}", io.BytesIO(content))
    return made


def dataset(*, is_public=True, **facts) -> Dataset:
    """Such a release as its pages know it."""
    read = datasets.read(release_of_lines(**facts))
    if is_public:
        datasets.publish(read, by="tester", at=timezone.now())
        read.refresh_from_db()
    return read
