"""Coming back: what Vera did, a goal of her own, what her clips helped, and one mail about it if she wants it."""

import logging
import re
import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contributions import news, progress, tasks
from contributions.consenting import consent
from contributions.leaving import farewell, withdrawal
from contributions.models import CheckpointNews, Clip, Goal, Purpose, Rating, Release, ReleaseClip
from contributions.models.contributor import Split
from openempathic import audit
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests import harvest, worlds

WANTS_MAIL = (Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS, Purpose.CONTACT)


@pytest.fixture
def vera(_stocked):
    return worlds.volunteer("vera", purposes=WANTS_MAIL)


@pytest.fixture
def voice(vera):
    return consent.contributor_for(vera)


def published(*clips, digest="a", status="CHAMPION"):
    """A checkpoint of a release that held the clips."""
    Checkpoint.objects.filter(status="CHAMPION").update(status="PREVIOUS")
    release = Release.objects.create(kind=Release.Kind.TRAINING, digest=digest * 64, counts={})
    for clip in clips:
        ReleaseClip.objects.create(release=release, clip=clip, key=clip.pk.hex[:20], split=Split.TRAIN)
    told = {"status": status, "preset": "nano", "release_digest": digest * 64, "run_id": uuid.uuid4()}
    return champion.enter(Checkpoint(digest=digest * 64, files={}, **told))


def tell_all():
    """As the beat and the workers do."""
    news.owe(now=timezone.now())
    return [news.tell_due(pk) for pk in CheckpointNews.objects.values_list("pk", flat=True)]


def page_of(person):
    browser = Client()
    browser.force_login(person)
    return " ".join(browser.get(reverse("my-clips")).content.decode().split())


# Progress


def test_what_was_given_accepted_and_heard_is_counted_alike(vera, voice, milo):
    worlds.accepted_clip(vera, by=milo)
    worlds.stored_clip(vera)
    now = timezone.now()

    mine = progress.of([voice], vera, now=now)
    assert (mine.given, mine.accepted, mine.listened, mine.days, mine.this_week) == (2, 1, 0, 1, 2)
    theirs = progress.of([consent.contributor_for(milo)], milo, now=now)
    assert (theirs.given, theirs.listened, theirs.days) == (0, 1, 1)
    assert mine.reward == theirs.reward == "first"


def test_kind_words_never_go_by_how_strong_a_feeling_was(vera, voice, milo):
    clip = worlds.accepted_clip(vera, by=milo)
    before = progress.of([voice], vera, now=timezone.now())
    Rating._base_manager.filter(clip=clip).update(intensity=3)
    Clip.objects.filter(pk=clip.pk).update(intended_intensity=3)

    assert progress.of([voice], vera, now=timezone.now()) == before


def test_what_was_withdrawn_is_not_counted_and_a_guest_has_progress_too(_stocked):
    gina = worlds.guest()
    clip = worlds.stored_clip(gina)
    from django.contrib.auth.models import AnonymousUser

    assert progress.of([gina], AnonymousUser(), now=timezone.now()).given == 1
    withdrawal.withdraw(clip, by=gina.actor)
    assert progress.of([gina], AnonymousUser(), now=timezone.now()).given == 0


def test_a_goal_is_set_reached_and_put_away(vera, voice, client):
    client.force_login(vera)
    client.post(reverse("goal"), {"clips_a_week": "2"})
    for _ in range(2):
        worlds.stored_clip(vera)

    assert progress.of([voice], vera, now=timezone.now()).is_reached
    assert "2 of the 2 clips" in page_of(vera)
    Clip.objects.update(stored_at=timezone.now() - timedelta(days=8))
    assert not progress.of([voice], vera, now=timezone.now()).is_reached
    client.post(reverse("goal"), {"clips_a_week": ""})
    assert not Goal.objects.exists()


@pytest.mark.parametrize("said", ["0", "-1", "201", "many", "2.5", "9999999999", "²"])
def test_a_goal_that_is_none_is_refused(vera, client, said):
    client.force_login(vera)
    told = client.post(reverse("goal"), {"clips_a_week": said}, follow=True).content.decode()

    assert "from 1 to 200" in told
    assert not Goal.objects.exists()


def test_a_goal_goes_with_the_account(vera, voice):
    progress.set_goal(voice, 5, by=vera)
    farewell.delete_account(vera, locale="en")

    assert not Goal.objects.exists()


# What clips helped


def test_a_checkpoint_that_heard_veras_clip_is_named_on_her_page_and_on_no_others(vera, otto):
    published(digest="0")
    published(worlds.stored_clip(vera), worlds.stored_clip(vera), digest="a")

    assert "2 clips of yours helped checkpoint 2 (aaaaaaaaaaaa)" in page_of(vera)
    assert "helped checkpoint" not in page_of(otto)


def test_a_candidate_a_retracted_one_and_a_withdrawn_clip_helped_nothing(vera, voice):
    clip = worlds.stored_clip(vera)
    for digest, status in (("a", "CANDIDATE"), ("b", "RETRACTED"), ("c", "PREVIOUS")):
        published(clip, digest=digest, status=status)

    assert [each.checkpoint.digest[0] for each in progress.helped([voice])] == ["c"]
    withdrawal.withdraw(clip, by=vera)
    assert progress.helped([voice]) == []


def test_a_released_clip_of_the_real_way_is_found(_stocked, tmp_path):
    from contributions.releasing import releases

    clips = harvest.contributed("ada")
    harvest.contributed("eve", side=Split.TEST)
    release = releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "release")

    assert progress.held_by_release(Clip.objects.filter(contributor=clips[0].contributor)) == {release.digest: 3}


# News by mail


def test_vera_is_told_once_of_each_checkpoint_and_otto_who_wants_no_mail_is_not(vera, otto):
    checkpoint = published(worlds.stored_clip(vera), worlds.stored_clip(otto))
    assert tell_all() == [True]
    assert tell_all() == [False]
    published(Clip.objects.get(contributor__user=vera), digest="b")
    assert sorted(tell_all()) == [False, True]

    assert [letter.to for letter in mail.outbox] == [["vera@example.org"]] * 2
    assert checkpoint.version in mail.outbox[0].body
    assert "1 clip of yours" in mail.outbox[0].body


def test_who_gave_no_clip_to_it_or_comes_a_week_later_is_not_told(vera, otto):
    published(worlds.stored_clip(otto))
    assert tell_all() == []

    published(worlds.stored_clip(vera), digest="b")
    Checkpoint.objects.update(published_at=timezone.now() - timedelta(days=8))
    assert tell_all() == []


def test_who_changes_their_mind_before_the_worker_comes_is_not_told(vera, voice):
    published(worlds.stored_clip(vera))
    news.owe(now=timezone.now())
    consent.withdraw(voice, Purpose.CONTACT, by=vera, locale="en")

    assert news.tell_due(CheckpointNews.objects.get().pk) is False
    assert mail.outbox == []
    assert CheckpointNews.objects.get().next_attempt_at is None


def test_a_mail_server_that_refuses_is_asked_again_and_the_address_is_in_no_log(vera, monkeypatch, caplog):
    published(worlds.stored_clip(vera))

    def refuse(_mail):
        raise OSError("vera@example.org is refused")

    with monkeypatch.context() as patched, caplog.at_level(logging.DEBUG):
        patched.setattr("django.core.mail.EmailMessage.send", refuse)
        assert tell_all() == [False]
    row = CheckpointNews.objects.get()

    assert row.told_at is None
    assert row.next_attempt_at > timezone.now()
    assert "example.org" not in caplog.text
    assert news.tell_due(row.pk) is True
    assert len(mail.outbox) == 1
    assert "example.org" not in str(list(audit.models.AuditEvent.objects.values_list("facts", flat=True)))


def test_a_worker_that_dies_after_it_sent_sends_nothing_twice(vera, monkeypatch):
    published(worlds.stored_clip(vera))
    monkeypatch.setattr(audit, "record", lambda *_said, **_facts: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        tell_all()

    monkeypatch.undo()
    CheckpointNews.objects.update(lease_expires_at=None)
    assert tell_all() == [False]
    assert len(mail.outbox) == 1


def test_the_sweep_nudges_and_the_beat_knows_the_task(vera, settings, monkeypatch):
    published(worlds.stored_clip(vera))
    nudged = []
    monkeypatch.setattr(tasks.tell, "delay", lambda *, row_id: nudged.append(row_id))
    for name in ("screen", "prelabel", "purge", "carry"):
        monkeypatch.setattr(getattr(tasks, name), "delay", lambda **_ids: None)

    tasks.owe_news()
    tasks.sweep()
    assert nudged == [CheckpointNews.objects.get().pk]
    assert settings.CELERY_BEAT_SCHEDULE["owe-news"]["task"] == tasks.owe_news.name
    tasks.tell(row_id=nudged[0])
    assert len(mail.outbox) == 1


# An end to it


def ending_of(letter):
    """The path of the link that ends such mail."""
    return re.search(r"(/unsubscribe/[^/]+/)", letter.body)[1]


def test_one_click_in_the_mail_programs_own_button_ends_it_without_cookies(vera, voice):
    published(worlds.stored_clip(vera))
    tell_all()
    letter = mail.outbox[0]
    path = ending_of(letter)

    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert path in letter.extra_headers["List-Unsubscribe"]
    wary = Client(enforce_csrf_checks=True)
    assert wary.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not consent.covers(voice, Purpose.CONTACT)
    assert consent.covers(voice, Purpose.TRAIN_MODELS)
    assert wary.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_following_the_link_changes_nothing_and_the_pages_button_does(vera, voice, client):
    path = reverse("unsubscribe", args=[news.word_of(voice)])

    assert "Write to me no more" in client.get(path).content.decode()
    assert consent.covers(voice, Purpose.CONTACT)
    assert "We write no more" in client.post(path).content.decode()
    assert not consent.covers(voice, Purpose.CONTACT)


def test_a_link_that_this_site_did_not_make_ends_nothing(vera, otto, voice):
    word = news.word_of(voice)
    forged = consent.contributor_for(otto).pk.hex + word[word.index(".") :]

    for bad in (forged, "nonsense", voice.pk.hex):
        assert Client().get(reverse("unsubscribe", args=[bad])).status_code == 404
