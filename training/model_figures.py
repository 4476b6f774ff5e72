"""What an eval.json says, as rows for pages: by way, language, group and emotion; nothing where it says none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contributions import taxonomy
from contributions.views import words
from contributions.views.recalls import Recall, recall

WAYS = (
    ("zero_shot", gettext_lazy("CLARA's own suggestions")),
    ("probe", gettext_lazy("Logistic regression on its embeddings")),
    ("bare_tower", gettext_lazy("Logistic regression on the bare base")),
    ("log_mel_baseline", gettext_lazy("Logistic regression without CLARA, to compare with")),
)
GROUPINGS = {
    "language": gettext_lazy("language"),
    "gender": gettext_lazy("gender"),
    "language and gender": gettext_lazy("language and gender"),
}


@dataclass(frozen=True)
class Part:
    """One side of the split that a checkpoint was made from or measured on."""

    clips: int
    speakers: int
    languages: tuple[str, ...]
    corpora: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """Everything that a page tells of one evaluation."""

    suggestions: Recall | None
    ways: tuple[Recall, ...]
    languages: tuple[Recall, ...]
    groups: tuple[Recall, ...]
    emotions: tuple[tuple[str, float], ...]
    chance: float | None
    calibration: float | None
    train: Part | None
    test: Part | None
    steps: int | None


def figures_of(evaluation: Mapping[str, Any]) -> Figures:
    """The figures of one eval.json, of any version of its protocol."""
    told = evaluation.get("zero_shot")
    calibration = evaluation.get("calibration", {}).get("at_temperature", {}).get("value")
    return Figures(
        suggestions=recall(_("CLARA's own suggestions"), told) if told else None,
        ways=tuple(recall(str(label), evaluation[way]) for way, label in WAYS if evaluation.get(way)),
        languages=tuple(recall(called(tag), each) for tag, each in evaluation.get("by_language", {}).items()),
        groups=tuple(groups(evaluation.get("worst_group", {}))),
        emotions=tuple((feeling(name), value) for name, value in (told or {}).get("recalls", {}).items()),
        chance=evaluation.get("chance"),
        calibration=calibration,
        train=part(evaluation.get("splits", {}).get("train")),
        test=part(evaluation.get("splits", {}).get("test")),
        steps=evaluation.get("training", {}).get("steps"),
    )


def groups(told: Mapping[str, Any]) -> Iterator[Recall]:
    """The recall of every group that was large enough to tell, by each way of grouping but the language's own."""
    for way, found in told.items():
        if way != "language":
            for name, summary in found.get("groups", {}).items():
                yield recall(f"{GROUPINGS.get(way, way)}: {name}", summary)


def part(told: Mapping[str, Any] | None) -> Part | None:
    """One side of the split; corpora apart from what was contributed."""
    if not told:
        return None
    corpora = tuple(name for name in told.get("corpora", {}) if name != "contributed")
    languages = tuple(called(tag) for tag in told.get("languages", {}))
    return Part(told.get("clips", 0), told.get("speakers", 0), languages, corpora)


def called(tag: str) -> str:
    """The language's name in the reader's words; its tag where we have none."""
    try:
        return str(words.tongue(tag).label)
    except taxonomy.UnknownLanguage:
        return tag


def feeling(name: str) -> str:
    """The feeling in the reader's words; one that nobody has words for is shown as it is."""
    try:
        return str(words.feeling(name).label)
    except LookupError:
        return name
