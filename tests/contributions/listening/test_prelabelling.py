"""The champion listens to every clip that waits, a new one without a restart; a corrupt one silences nobody."""

import base64
import json

import pytest
from django.db.models.functions import Now

from contributions.listening import asking_again, prelabelling
from contributions.models import Clip, Suggestion
from openempathic import leases, storage
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion as crowned
from openempathic.registry.models import Checkpoint
from tests import worlds
from tests.checkpoints import put_folder

EMOTIONS = {"anger": ["an angry voice"], "sadness": ["a sad voice"], "neutral": ["a neutral voice"]}


@pytest.fixture
def crown(tmp_path, settings, vera):
    """Publishes a nano CLARA as champion; each call another one."""
    settings.VAR = tmp_path
    made = []

    def publish():
        import torch

        from training.clara import Clara, ClaraConfig

        torch.manual_seed(len(made))
        folder = tmp_path / f"export-{len(made)}"
        Clara(ClaraConfig.preset("nano")).save(folder, labels=EMOTIONS)
        checkpoint = put_folder(folder)
        crowned.crown(checkpoint, by="test")
        made.append(checkpoint)
        return checkpoint

    return publish


def prelabelled():
    for pk in leases.due(Suggestion.objects.filter(scores__isnull=True), at_most=10):
        prelabelling.prelabel_due(pk)


def test_a_screened_clip_gets_the_champions_suggestion(vera, crown):
    checkpoint = crown()
    clip = worlds.screened_clip(vera)
    prelabelled()

    suggestion = Suggestion.objects.get(clip=clip)
    assert suggestion.checkpoint == checkpoint
    assert set(suggestion.scores) == set(EMOTIONS)
    assert sum(suggestion.scores.values()) == pytest.approx(1, abs=1e-3)
    assert suggestion.emotion == suggestion.ranked()[0][0]


def test_without_a_champion_nothing_is_owed(vera):
    worlds.screened_clip(vera)

    assert prelabelling.owe_backlog() == 0
    assert not Suggestion.objects.exists()


def test_a_new_champion_hears_what_waits_without_a_restart(vera, crown):
    first = crown()
    clip = worlds.screened_clip(vera)
    prelabelled()
    second = crown()
    prelabelling.owe_backlog()
    prelabelled()

    assert set(clip.suggestions.values_list("checkpoint", flat=True)) == {first.pk, second.pk}
    assert Checkpoint.objects.get(pk=first.pk).status == "PREVIOUS"


def test_a_suggestion_is_made_once(vera, crown):
    crown()
    worlds.screened_clip(vera)
    prelabelled()

    assert prelabelling.prelabel_due(Suggestion.objects.get().pk) is None
    assert prelabelling.owe_backlog() == 0


def test_a_corrupt_checkpoint_gives_no_suggestion_and_review_goes_on(vera, milo, crown):
    checkpoint = crown()
    storage.put(f"{checkpoint.prefix}/model.safetensors", b"not what was published")
    clip = worlds.screened_clip(vera)
    prelabelled()

    assert not Suggestion.objects.exists()
    assert "not what was published" in Checkpoint.objects.get().refused_reason
    worlds.rated(clip, by=milo)
    clip.refresh_from_db()
    assert clip.status == Clip.Status.ACCEPTED


def with_a_file_damaged(checkpoint):
    storage.put(f"{checkpoint.prefix}/model.safetensors", b"not what was published")


def with_a_file_missing(checkpoint):
    storage.erase(f"{checkpoint.prefix}/labels.json")


def signed_by_somebody_else(checkpoint):
    bundle = json.loads(checkpoint.signature)
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(b"another hand").decode()
    storage.put(f"{checkpoint.prefix}/model.sig", json.dumps(bundle).encode())


@pytest.mark.parametrize("damage", [with_a_file_damaged, with_a_file_missing, signed_by_somebody_else])
def test_a_worker_keeps_the_old_champion_where_the_new_one_is_not_what_was_published(vera, crown, damage):
    first = crown()
    clip, later = worlds.screened_clip(vera), worlds.screened_clip(vera)
    second = crown()
    damage(second)
    prelabelling.owe_backlog()
    for _sweep in range(2):
        prelabelled()

    assert crowned.champion() == second
    assert crowned.suggester() == first
    assert set(made()) == {(clip.pk, first.pk), (later.pk, first.pk)}
    assert AuditEvent.objects.filter(act="checkpoint.refused").count() == 1
    assert prelabelling.try_refused() == 0


def test_a_champion_that_was_mended_serves_again_and_hears_what_it_missed(vera, crown):
    first = crown()
    clip = worlds.screened_clip(vera)
    second = crown()
    whole = storage.read(f"{second.prefix}/model.safetensors")
    with_a_file_damaged(second)
    for _sweep in range(2):
        prelabelling.owe_backlog()
        prelabelled()
    storage.put(f"{second.prefix}/model.safetensors", whole)

    mended = prelabelling.try_refused()
    prelabelling.owe_backlog()
    prelabelled()

    assert mended == 1
    assert crowned.suggester() == second
    assert set(made()) == {(clip.pk, first.pk), (clip.pk, second.pk)}


def test_storage_that_is_away_for_long_says_nothing_against_champion_or_clip(vera, crown, monkeypatch):
    checkpoint = crown()
    worlds.screened_clip(vera)

    def away(*_args, **_options):
        raise storage.StorageUnreachable("away")

    with monkeypatch.context() as outage:
        outage.setattr(storage, "fetch", away)
        for _attempt in range(2 * prelabelling.ATTEMPTS_MAX):
            Suggestion.objects.update(next_attempt_at=Now())
            prelabelled()

    assert crowned.suggester() == checkpoint
    assert prelabelling.give_up_exhausted() == 0
    assert Suggestion.objects.get().next_attempt_at is not None


def test_what_a_retracted_champion_owed_and_said_is_owed_and_said_by_the_one_before(vera, milo, crown):
    first = crown()
    heard, waiting = worlds.screened_clip(vera), worlds.screened_clip(vera)
    second = crown()
    prelabelling.owe_backlog()
    Suggestion.objects.filter(clip=waiting).update(next_attempt_at=None)
    Suggestion.objects.filter(clip=heard, checkpoint=first).delete()
    prelabelled()
    Suggestion.objects.filter(clip=waiting).update(next_attempt_at=Now())
    rating = worlds.rated(heard, by=milo)
    shown = [asking_again.suggestion_for(rating).checkpoint]

    crowned.retract(second, by="test", reason="It was wrong.")
    shown.append(asking_again.suggestion_for(rating))
    for _sweep in range(3):
        prelabelling.owe_backlog()
        prelabelled()

    assert shown == [second, None]
    assert (waiting.pk, first.pk) in made()
    assert (waiting.pk, second.pk) not in made()


def test_after_a_rollback_the_right_version_is_shown_though_another_is_newer(vera, milo, crown):
    first = crown()
    clip = worlds.screened_clip(vera)
    prelabelled()
    second = crown()
    prelabelling.owe_backlog()
    prelabelled()
    rating = worlds.rated(clip, by=milo)
    before = asking_again.suggestion_for(rating).checkpoint

    crowned.rollback(by="test", reason="It was worse.")

    assert (before, asking_again.suggestion_for(rating).checkpoint) == (second, first)


def test_a_backlog_of_any_length_is_owed_a_part_at_a_time_and_a_new_clip_need_not_wait_for_it(vera, crown):
    waiting = [worlds.screened_clip(vera).pk for _ in range(5)]
    checkpoint = crown()
    parts = [prelabelling.owe_backlog(at_most=2), prelabelling.owe_backlog(at_most=2)]
    newest = worlds.screened_clip(vera).pk
    before_it = set(Suggestion.objects.exclude(clip=newest).values_list("clip", flat=True))
    while Suggestion.objects.filter(scores__isnull=True).exists() or prelabelling.owe_backlog(at_most=2):
        Suggestion.objects.filter(scores__isnull=True).update(scores={"anger": 1.0}, made_at=Now())

    assert parts == [2, 0]
    assert len(before_it) == 2
    assert set(made()) == {(pk, checkpoint.pk) for pk in (*waiting, newest)}


def made():
    """Which checkpoint has heard which clip."""
    return list(Suggestion.objects.filter(scores__isnull=False).values_list("clip", "checkpoint"))


def test_a_withdrawn_clip_is_not_listened_to(vera, crown):
    crown()
    worlds.screened_clip(vera)
    Clip.objects.update(status=Clip.Status.WITHDRAWN)
    prelabelled()

    assert Suggestion.objects.get().scores is None


def test_a_clip_that_kills_every_worker_is_given_up_and_review_goes_on(vera, crown):
    crown()
    worlds.screened_clip(vera)
    owed = Suggestion.objects.get()
    for _worker in range(prelabelling.ATTEMPTS_MAX):
        assert leases.claim(Suggestion.objects.all(), owed.pk, owner="dies", seconds=-1) is not None

    assert prelabelling.give_up_exhausted() == 1
    assert leases.due(Suggestion.objects.filter(scores__isnull=True), at_most=10) == []
