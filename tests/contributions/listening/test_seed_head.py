"""The seed head suggests where there is no champion, says its licence and when it is not sure, and gives way."""

import json
import subprocess
import sys
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import progress
from contributions.leaving import exports
from contributions.listening import assistance, prelabelling, ratings, seed
from contributions.models import Arm, RatingTurn, Release, ReleaseClip, Suggestion
from contributions.views import figure_opinions
from openempathic import leases, storage
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests import listeners, worlds
from tests.contributions.listening.reading import words_of
from training.clara import seed_head

LICENCE = "CC BY-NC-SA 4.0"


@pytest.fixture
def _fresh(settings):
    """A site that has just been set up, with the seed head on, as it comes."""
    settings.SEED_HEAD = True


@pytest.fixture
def planted(_fresh, db):
    """The seed head's row."""
    seed.plant()
    return champion.suggester()


def due():
    return leases.due(Suggestion.objects.filter(scores__isnull=True), at_most=10)


def heard_by(checkpoint, clip, *, made_at=None, **scores):
    told = {"scores": scores, "emotion": max(scores, key=scores.get), "made_at": made_at or timezone.now()}
    return Suggestion.objects.update_or_create(clip=clip, checkpoint=checkpoint, defaults=told)[0]


# It listens


@pytest.mark.usefixtures("_fresh")
def test_a_fresh_site_has_suggestions_of_the_seed_head_from_the_package_alone(vera):
    clip = worlds.screened_clip(vera)
    owed = prelabelling.owe_backlog()
    for pk in due():
        prelabelling.prelabel_due(pk)

    suggestion = Suggestion.objects.get(clip=clip)
    assert owed == 1
    assert (suggestion.checkpoint.status, suggestion.failure) == ("SEED", "")
    assert suggestion.emotion == "anger"
    assert suggestion.is_sure
    assert len(suggestion.scores) == 8
    assert champion.champion() is None
    assert not list(storage.keys("checkpoints/"))


def test_it_is_planted_once(planted):
    seed.plant()
    seed.plant()

    assert Checkpoint.objects.get() == planted
    assert planted.digest == seed_head.digest()
    assert planted.sure_from == seed_head.sure_from()
    assert AuditEvent.objects.filter(act="checkpoint.planted").count() == 1


def test_a_screened_clip_is_owed_to_it_at_once(vera, planted):
    worlds.screened_clip(vera)

    assert Suggestion.objects.get().checkpoint == planted


def test_of_two_seed_heads_the_one_that_came_with_the_software_listens(vera, planted, monkeypatch):
    worlds.screened_clip(vera)
    with monkeypatch.context() as newer:
        newer.setattr(seed_head, "digest", lambda: "c" * 64)
        prelabelling.owe_backlog()
        assert champion.suggester().digest == "c" * 64
        assert Suggestion.objects.get(checkpoint=planted).next_attempt_at is None
    prelabelling.owe_backlog()

    assert champion.suggester() == planted
    with pytest.raises(seed.NotHere, match="another seed head"):
        seed.loaded(Checkpoint.objects.get(digest="c" * 64))


def test_a_copy_without_a_seed_head_owes_nothing(vera, monkeypatch, tmp_path, settings):
    settings.SEED_HEAD = True
    monkeypatch.setattr(seed_head, "FOLDER", tmp_path)
    worlds.screened_clip(vera)

    assert prelabelling.owe_backlog() == 0
    assert champion.suggester() is None


def test_a_web_process_names_it_without_torch():
    told = "import sys; from training.clara import seed_head; seed_head.digest(), seed_head.evaluation(); "
    done = subprocess.run(
        [sys.executable, "-c", told + "print('torch' in sys.modules)"], capture_output=True, text=True
    )

    assert done.stdout.strip() == "False", done.stderr


# It gives way


@pytest.fixture
def first(planted):
    """What the site published first; it waits to be crowned."""
    return Checkpoint.objects.create(
        digest="d" * 64, preset="nano", release_digest="r" * 64, run_id=uuid.uuid4(), files={}
    )


def test_the_first_champion_takes_over_what_waits(vera, planted, first):
    heard, waiting = worlds.screened_clip(vera), worlds.screened_clip(vera)
    Suggestion.objects.filter(clip=heard).update(scores={"anger": 1.0}, next_attempt_at=None)
    champion.crown(first, by="test")
    prelabelling.owe_backlog()

    assert set(first.suggestions.values_list("clip", flat=True)) == {heard.pk, waiting.pk}
    assert {Suggestion.objects.get(pk=pk).checkpoint for pk in due()} == {first}
    assert champion.suggester() == first


def test_what_a_champion_heard_is_shown_before_what_the_seed_head_says_later(vera, milo, planted, first):
    clip = worlds.screened_clip(vera)
    champion.crown(first, by="test")
    told = worlds.rated(clip, by=milo)
    owed = Suggestion.objects.get(checkpoint=planted)
    Suggestion.objects.filter(pk=owed.pk).update(scores={"anger": 1.0}, made_at=timezone.now())

    assert ratings.suggestion_for(told) == owed
    champions = heard_by(first, clip, made_at=timezone.now() - timedelta(hours=1), fear=1.0)
    assert ratings.suggestion_for(told) == champions


def test_it_is_never_champion_and_counts_as_none_that_somebody_helped(vera, planted, first):
    with pytest.raises(champion.NotCrownable):
        champion.crown(planted, by="cleo")
    release = Release.objects.create(kind=Release.Kind.TRAINING, digest="r" * 64, counts={})
    ReleaseClip.objects.create(release=release, clip=worlds.screened_clip(vera))
    champion.crown(first, by="test")

    assert [each.checkpoint for each in progress.helped([vera.contributor])] == [first]


def test_switched_off_it_hears_nothing_and_nothing_of_it_is_shown(vera, milo, planted, settings):
    told = worlds.rated(worlds.screened_clip(vera), by=milo)
    owed = Suggestion.objects.get()
    settings.SEED_HEAD = False

    assert prelabelling.owe_backlog() == 0
    assert champion.suggester() is None
    assert not due()
    with pytest.raises(prelabelling.NotSuggestable, match="switched off"):
        prelabelling.loaded(planted)
    Suggestion.objects.filter(pk=owed.pk).update(scores={"anger": 1.0}, made_at=timezone.now())
    assert ratings.suggestion_for(told) is None
    settings.SEED_HEAD = True
    assert ratings.suggestion_for(told) == owed


# Its licence is said


def step_of(client, clip):
    """What a listener reads after their answer, of a suggestion that is shown."""
    lena = listeners.listener("lena", "en")
    client.force_login(lena)
    turn = listeners.heard_turn(client, lena)
    RatingTurn.objects.filter(pk=turn.pk).update(arm=Arm.SHOWN)
    return client.get(listeners.answered(client, turn).url)


def test_the_listener_is_told_whose_suggestion_it_is_and_under_which_licence(client, vera, planted):
    clip = listeners.waiting(vera)
    heard_by(planted, clip, sadness=0.9, anger=0.1)
    page = step_of(client, clip)

    assert "CLARA heard:" in words_of(page)
    assert "This is the seed head" in words_of(page)
    assert LICENCE in words_of(page)
    assert "Change to “sadness”" in words_of(page)


def test_where_it_is_not_sure_it_says_so_and_offers_no_change(client, vera, planted):
    clip = listeners.waiting(vera)
    heard_by(planted, clip, sadness=planted.sure_from - 0.01, anger=0.3)
    page = step_of(client, clip)

    assert "CLARA is not sure" in words_of(page)
    assert "sadness 61 %" in words_of(page)
    assert "Change to “sadness”" not in words_of(page)


def test_a_champion_that_is_always_sure_says_nothing_of_a_seed(client, vera):
    clip = listeners.waiting(vera)
    listeners.suggested(clip, probability=0.51)
    page = words_of(step_of(client, clip))

    assert "CLARA heard:" in page
    assert "seed head" not in page


def test_history_notice_figures_and_export_say_it_too(client, vera, milo, cleo, planted):
    clip = worlds.accepted_clip(vera, by=milo)
    Suggestion.objects.all().delete()
    heard_by(planted, clip, sadness=0.5, anger=0.4)
    client.force_login(milo)

    history = words_of(client.get(reverse("moderate-history", args=[clip.pk])))
    assert LICENCE in history
    assert "was not sure of a feeling" in history
    notice = words_of(client.get(reverse("machine-notice")))
    assert LICENCE in notice
    assert "All languages 0.744" in notice
    figure = assistance.reckon("")
    assert LICENCE in figure_opinions.assistance(figure.content, figure.reckoned_at).reading
    with exports.export(vera.contributor, by=vera) as file, zipfile.ZipFile(file) as archive:
        (said,) = json.loads(archive.read(f"clips/{clip.pk}/suggestions.json"))
    assert said["licence"] == seed_head.LICENCE
