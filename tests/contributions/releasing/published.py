"""A small DATASET release, frozen and read, as the tests of published datasets need it."""

import io
import json

from django.utils import timezone

from contributions.models import Dataset, Release
from contributions.releasing import datasets, downloads, withdrawn_news
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
                    "test": {"clips": 1, "speakers": 1, "seconds": 3600.0},
                    "train": {"clips": 1, "speakers": 1, "seconds": 3600.0},
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


PUBLIC, HIDDEN, TRAINING = "d" * 64, "e" * 64, "f" * 64


def world(*, reader) -> None:
    """One dataset that is public, of which the reader accepted the terms, one that is not, and a training release.

    The last has a row that says it is public, as nothing of ours would make it: it is not, all the same.
    """
    accepted(dataset(digest=PUBLIC), by=reader)
    dataset(digest=HIDDEN, is_public=False)
    trained = datasets.read(release_of_lines(kind=Release.Kind.TRAINING, digest=TRAINING))
    Dataset.objects.filter(pk=trained.pk).update(published_at=timezone.now())


def accepted(read: Dataset, *, by, locale="en"):
    """The person's acceptance of today's terms."""
    return downloads.accept(read, by=by, terms=downloads.terms_sha256(), locale=locale)


def subjects(*, reader) -> dict[str, dict[str, str]]:
    """What each of these is in an address."""
    public, hidden, training = ({"name": digest[:12]} for digest in (PUBLIC, HIDDEN, TRAINING))
    return {
        "a-dataset": public,
        "hidden-dataset": hidden,
        "training-set": training,
        "a-dataset-plot": public | {"plot_name": "feelings"},
        "no-dataset-plot": public | {"plot_name": "weather"},
        "hidden-plot": hidden | {"plot_name": "feelings"},
        "a-sheet": public | {"language": "pl"},
        "no-sheet": public | {"language": "tlh"},
        "hidden-sheet": hidden | {"language": "pl"},
        "a-paper": public | {"path": "croissant.json"},
        "a-shard": public | {"path": SHARD},
        "no-file": public | {"path": "shards/999999.tar"},
        "hidden-shard": hidden | {"path": SHARD},
        "training-shard": training | {"path": SHARD},
        "vera's-copies": {"word": withdrawn_news.word_of(reader)},
        "no-copies": {"word": "not-a-word"},
        "a-digest": {"digest": PUBLIC},
        "hidden-digest": {"digest": HIDDEN},
        "training-digest": {"digest": TRAINING},
        "a-digest-shard": {"digest": PUBLIC, "name": SHARD},
        "hidden-digest-shard": {"digest": HIDDEN, "name": SHARD},
    }
