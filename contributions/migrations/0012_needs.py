"""What is there already wants ears too: a need for every clip in review, and for every accepted one that is unfinished.

The model's doubt and the gaps in what was given are not looked at here: they come with the next change of each clip.
"""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import migrations, models

from contributions import taxonomy
from contributions.listening import enough
from contributions.taxonomy import tags

AT_ONCE = 1_000
# As contributions.listening.queue had them when this was written.
TEST_SIDE, DISAGREEMENT, UNSETTLED, REST = 0, 10, 40, 50
TEST_SIDE_LEAST, LEAST = 5, 3


def make(apps: Any, _schema_editor: Any) -> None:
    """Some clips at a time, so that nothing is locked for long; a second time finds nothing to do."""
    models_of = {name: apps.get_model("contributions", name) for name in ("Clip", "Rating", "ListeningNeed")}
    clips = (
        models_of["Clip"]
        .objects.filter(need__isnull=True)
        .filter(models.Q(status="IN_REVIEW") | models.Q(status="ACCEPTED", licence__isnull=True))
    )
    columns = ("pk", "status", "language", "contributor__split")
    last = UUID(int=0)
    while rows := list(clips.filter(pk__gt=last).order_by("pk").values_list(*columns)[:AT_ONCE]):
        last = rows[-1][0]
        answers = answers_to([row[0] for row in rows], models_of["Rating"])
        needs = [
            need(models_of["ListeningNeed"], clip_id, status, language, split, answers[clip_id])
            for clip_id, status, language, split in rows
        ]
        models_of["ListeningNeed"].objects.bulk_create(needs, ignore_conflicts=True)


def answers_to(clip_ids: list[Any], ratings: Any) -> dict[Any, list[tuple[bool, str]]]:
    """The counting answers of each clip: usable or not, and the emotion."""
    answers = defaultdict(list)
    counting = ratings.objects.filter(clip__in=clip_ids, phase="BLIND", voids__isnull=True).order_by("rated_at")
    for clip_id, is_usable, emotion in counting.values_list("clip_id", "is_usable", "emotion"):
        answers[clip_id].append((is_usable, emotion))
    return answers


def need(model: Any, clip_id: Any, status: str, language: str, split: str, answers: list[tuple[bool, str]]) -> Any:
    """The clip's need, as its answers say."""
    votes = [emotion for is_usable, emotion in answers if is_usable]
    if status == "IN_REVIEW":
        given, required = len(answers), settings.RATINGS_REQUIRED
        wanted = required if given < required else given + 1
    else:
        given, wanted = len(votes), enough.wanted(votes, at_least=TEST_SIDE_LEAST if split == "test" else LEAST)
    is_disputed = len(set(votes)) > 1 or 0 < len(votes) < len(answers)
    otherwise = DISAGREEMENT if is_disputed else UNSETTLED if status == "IN_REVIEW" else REST
    return model(
        clip_id=clip_id,
        language=widest(language),
        wanted=wanted,
        given=given,
        priority=TEST_SIDE if split == "test" else otherwise,
        is_open=given < wanted,
    )


def widest(tag: str) -> str:
    """The language of ours that the tag is a variety of."""
    try:
        return tags.listed(tag).tag
    except taxonomy.UnknownLanguage:
        return tag


def unmake(apps: Any, _schema_editor: Any) -> None:
    """Needs are reckoned from what else is kept: without them nothing is lost."""
    apps.get_model("contributions", "ListeningNeed").objects.all().delete()


class Migration(migrations.Migration):
    # Each batch for itself.
    atomic = False

    dependencies = [("contributions", "0011_listening")]

    operations = [
        migrations.AddIndex(
            model_name="listeningneed",
            index=models.Index(
                condition=models.Q(("is_open", True)), fields=["priority", "place"], name="needs_by_place"
            ),
        ),
        migrations.AddIndex(
            model_name="ratingturn",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["rater", "opened_at"], name="turns_under_way"
            ),
        ),
        migrations.RunPython(make, unmake),
    ]
