"""What became of a clip: told to its speaker in the API and on their page, and to moderators in its history."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contributions.models import Release, ReleaseClip
from contributions.releasing import lineage
from openempathic.registry.models import Checkpoint
from tests import harvest, worlds

pytestmark = pytest.mark.django_db


@pytest.fixture
def clips(_stocked):
    """Vera's accepted clips."""
    return harvest.contributed("vera", emotions=["anger", "neutral"])


def released(clip, *, name, kind=Release.Kind.TRAINING, **columns):
    """A release with the clip, and the checkpoint that learnt from it."""
    digest = name * 64
    release = Release.objects.create(kind=kind, digest=digest, counts={"clips": 1})
    ReleaseClip.objects.create(release=release, clip=clip, key=f"key{name}", split="train")
    number = 1 + Checkpoint.objects.count()
    return Checkpoint.objects.create(
        digest=f"{number}" * 64, number=number, release_digest=digest, run_id=release.pk, files={}, **columns
    )


def test_its_speaker_reads_the_whole_way_of_a_clip_in_the_api(clips, client):
    released(clips[0], name="a", status="PREVIOUS")
    released(clips[0], name="b", status="CHAMPION")
    released(clips[1], name="c", status="PREVIOUS")
    client.force_login(clips[0].contributor.user)

    told = client.get(reverse("api:lineage", args=[clips[0].pk])).json()

    assert [each["release"][0] for each in told["releases"]] == ["a", "b"]
    assert [each["checkpoints"][0]["number"] for each in told["releases"]] == [1, 2]
    assert told["releases"][1]["checkpoints"][0]["status"] == "CHAMPION"
    assert told["releases"][0]["checkpoints"][0]["run"] == str(Release.objects.get(digest="a" * 64).pk)


def test_a_candidate_is_not_told_of(clips):
    released(clips[0], name="a", status="CANDIDATE")

    assert lineage.of_clip(clips[0])[0].checkpoints == ()
    assert lineage.helped_by(clips) == {}


def test_beside_each_clip_its_speaker_reads_which_checkpoints_it_helped(clips, client):
    released(clips[0], name="a", status="CHAMPION")
    client.force_login(clips[0].contributor.user)

    page = client.get(reverse("my-clips")).content.decode()

    assert page.count("It helped") == 1
    assert reverse("model", args=["1" * 12]) in page


def test_after_many_checkpoints_it_takes_two_questions_and_tells_of_the_newest(clips):
    for letter in "abcdefghijkl":
        released(clips[0], name=letter, status="PREVIOUS")

    with CaptureQueriesContext(
        connection,
    ) as asked:
        told = lineage.helped_by(clips)

    assert len(asked) == 2
    assert [each.number for each in told[clips[0].pk]] == list(range(3, 13))


def test_its_history_says_which_run_made_the_checkpoint_and_that_it_was_retracted(clips, client):
    made = released(clips[0], name="a", status="RETRACTED")
    Checkpoint.objects.update(retracted_at=timezone.now(), retracted_reason="It knew its test.")
    client.force_login(worlds.person("cleo", role="CURATOR"))

    page = client.get(reverse("moderate-history", args=[clips[0].pk])).content.decode()

    assert "It knew its test." in page
    assert str(made.run_id) in page
