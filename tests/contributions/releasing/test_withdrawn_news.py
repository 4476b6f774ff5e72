"""Who took files of a release is told by mail, once a day at most, that clips have left it."""

import datetime as dt

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contributions.models import Dataset, ReleaseClip, ReleaseDownload, ReleaseNews
from contributions.releasing import datasets, downloads, rewriting, withdrawn_news
from tests import harvest
from tests.contributions.releasing import published

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TOMORROW = NOW + dt.timedelta(days=1)


@pytest.fixture
def copy(vera):
    """Vera's copy of a release of three clips."""
    dataset = published.dataset()
    for place, clip in enumerate(harvest.contributed("ada")):
        ReleaseClip.objects.create(release=dataset.release, clip=clip, key=f"k{place}", split="train")
    accepted = published.accepted(dataset, by=vera, locale="de")
    downloads.note_fetched(accepted, published.SHARD)
    return accepted


def take_back(count):
    some = ReleaseClip.objects.filter(taken_out_at=None).values_list("pk", flat=True)[:count]
    ReleaseClip.objects.filter(pk__in=list(some)).update(taken_out_at=timezone.now())


def tell_all():
    for pk in ReleaseNews.objects.filter(told_at=None, next_attempt_at__isnull=False).values_list("pk", flat=True):
        withdrawn_news.tell_due(pk)


def test_vera_is_told_once_in_her_language_how_to_follow(copy, vera):
    take_back(2)

    for _sweep in range(3):
        withdrawn_news.owe(now=NOW)
        tell_all()

    (letter,) = mail.outbox
    assert letter.to == [vera.email]
    assert "apply_tombstones" in letter.body
    assert "2 " in letter.body
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # No clip is named.
    assert "k0" not in letter.body
    assert ReleaseNews.objects.get().told_at is not None


def test_what_leaves_later_that_day_waits_for_tomorrow_and_comes_together(copy):
    take_back(1)
    withdrawn_news.owe(now=NOW)
    tell_all()
    take_back(1)
    take_back(1)

    withdrawn_news.owe(now=NOW)
    assert len(mail.outbox) == 1
    withdrawn_news.owe(now=TOMORROW)
    tell_all()

    assert len(mail.outbox) == 2
    assert list(ReleaseNews.objects.order_by("pk").values_list("known_count", "gone_count")) == [(0, 1), (1, 3)]


def test_a_worker_that_is_killed_leaves_the_mail_owed_and_the_next_one_sends_it_once(copy, monkeypatch):
    take_back(1)
    withdrawn_news.owe(now=NOW)
    row = ReleaseNews.objects.get()
    with monkeypatch.context() as killed:
        killed.setattr(withdrawn_news, "written", lambda row: (_ for _ in ()).throw(SystemExit("killed")))
        with pytest.raises(SystemExit):
            withdrawn_news.tell_due(row.pk)
    assert not withdrawn_news.tell_due(row.pk), "the lease of the dead one runs still"

    ReleaseNews.objects.update(lease_expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert withdrawn_news.tell_due(row.pk)
    assert not withdrawn_news.tell_due(row.pk)

    assert len(mail.outbox) == 1
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<release-news-{row.pk}@")


def test_who_accepted_and_took_nothing_is_not_told(vera):
    dataset = published.dataset()
    (clip,) = harvest.contributed("ada", emotions=("anger",))
    ReleaseClip.objects.create(release=dataset.release, clip=clip, key="k", split="train")
    published.accepted(dataset, by=vera)
    take_back(1)

    assert withdrawn_news.owe(now=NOW) == 0


def test_of_what_was_gone_before_nobody_is_told(copy, otto):
    take_back(1)
    late = published.accepted(Dataset.objects.get(), by=otto)
    downloads.note_fetched(late, published.SHARD)

    withdrawn_news.owe(now=NOW)

    assert [row.person_id for row in ReleaseNews.objects.all()] == [copy.person_id]


def test_one_click_ends_such_mail_also_while_it_is_owed(copy, vera):
    take_back(1)
    withdrawn_news.owe(now=NOW)
    address = reverse("dataset-mail", args=[withdrawn_news.word_of(vera)])

    Client(enforce_csrf_checks=True).post(address, {"List-Unsubscribe": "One-Click"})
    tell_all()
    withdrawn_news.owe(now=TOMORROW)

    assert mail.outbox == []
    assert not ReleaseDownload.objects.get().wants_mail
    assert ReleaseNews.objects.count() == 1


def test_the_page_is_read_anew_once_clips_have_left(copy, monkeypatch):
    assert datasets.owe_reading() == 0
    take_back(2)

    assert datasets.owe_reading() == 1
    monkeypatch.setattr(rewriting, "is_clean", lambda release: False)
    assert datasets.read_due(copy.release_id) is None, "the files still hold them"
    monkeypatch.setattr(rewriting, "is_clean", lambda release: True)
    Dataset.objects.update(next_attempt_at=timezone.now(), lease_expires_at=None)

    assert datasets.read_due(copy.release_id).gone_count == 2
    assert datasets.owe_reading() == 0
    assert Dataset.objects.get().published_at is not None
