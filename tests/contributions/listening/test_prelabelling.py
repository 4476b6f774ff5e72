"""The champion listens to every clip that waits, a new one without a restart; a corrupt one silences nobody."""

import pytest

from contributions.listening import prelabelling
from contributions.models import Clip, Suggestion
from openempathic import leases, storage
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

    suggestion = Suggestion.objects.get()
    assert suggestion.scores is None
    assert "not what was published" in suggestion.failure
    worlds.rated(clip, by=milo)
    clip.refresh_from_db()
    assert clip.status == Clip.Status.ACCEPTED


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
