"""The champion as the child hears it: its verified files in the run's folder, and what it was trained on."""

import json
import shutil
from pathlib import Path

from contributions.models import Release, ReleaseClip
from contributions.models.contributor import Split
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from training.evaluation.facts import CHAMPION, COMPARISON


def bring(folder: Path) -> None:
    """Have today's champion, and no other, in the run's folder; what was compared with another is compared anew.

    Raises NotFetchable where storage does not hold what was published.
    """
    holder, here = champion.champion(), folder / CHAMPION
    digest = holder.digest if holder else None
    for place in here.glob("*"):
        if place.name != digest:
            shutil.rmtree(place, ignore_errors=True)
    if holder:
        champion.fetch(holder, into=here)
    if (folder / COMPARISON).exists() and compared_with(folder) != digest:
        shutil.rmtree(folder / "export", ignore_errors=True)
        (folder / COMPARISON).unlink()


def compared_with(folder: Path) -> str | None:
    """The digest of the champion that the child heard; None where there was none."""
    try:
        told = json.loads((folder / COMPARISON).read_bytes()).get("champion_digest")
    except (OSError, ValueError, AttributeError):
        return None
    return str(told) if told else None


def languages(evaluation: dict) -> frozenset[str]:
    """The languages that a checkpoint was trained on, by its eval.json."""
    return frozenset(evaluation.get("splits", {}).get("train", {}).get("languages", {}))


def voices_it_knows(holder: Checkpoint, release: Release) -> frozenset[str]:
    """The keys of the release's test clips whose speakers the champion was trained on.

    A speaker never changes sides, so there should be none; one who did may not weigh for the champion.
    """
    old = Release.objects.filter(digest=holder.release_digest).first()
    if old is None:
        return frozenset()
    trained = old.members.exclude(split=Split.TEST).values("clip__contributor_id")
    return frozenset(
        ReleaseClip.objects.filter(release=release, split=Split.TEST, clip__contributor_id__in=trained).values_list(
            "key", flat=True
        )
    )
