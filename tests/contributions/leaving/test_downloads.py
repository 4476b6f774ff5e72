"""What Vera took of published datasets is in her archive, and goes with her account."""

import json
import zipfile

import pytest
from django.core import mail
from django.utils import timezone

from contributions import unsubscribing
from contributions.consenting import consent
from contributions.leaving import exports, farewell
from contributions.models import ReleaseDownload, ReleaseNews
from contributions.releasing import downloads, withdrawn_news
from openempathic.accounts.models import User
from tests import worlds
from tests.contributions.releasing import published

pytestmark = pytest.mark.django_db


@pytest.fixture
def copies(vera, otto):
    """A copy of Vera's, of which she is owed a mail, and one of Otto's."""
    dataset = published.dataset()
    for person in (vera, otto):
        downloads.note_fetched(published.accepted(dataset, by=person, locale="de"), published.SHARD)
    return ReleaseNews.objects.create(
        person=vera, release=dataset.release, on_date=timezone.localdate(), gone_count=3, next_attempt_at=timezone.now()
    )


def archived(voice, *, by):
    """What the archive tells of downloads."""
    with exports.export(voice, by=by) as file, zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("downloads.json"))


def test_vera_takes_with_her_what_she_downloaded_and_what_we_wrote_of_it(copies, vera):
    told = archived(consent.contributor_for(vera), by=vera)

    (taken,), (letter,) = told["downloads"], told["mails"]
    assert taken["release"] == letter["release"] == published.PUBLIC
    assert (taken["terms_sha256"], taken["files"]) == (downloads.terms_sha256(), [published.SHARD])
    assert (taken["locale"], taken["wants_mail"]) == ("de", True)
    assert taken["accepted_at"] <= taken["fetched_at"]
    assert (letter["gone_count"], letter["told_at"]) == (3, None)


def test_a_voice_that_no_account_owns_has_downloaded_nothing(copies):
    guest = worlds.guest()

    assert archived(guest, by=guest.actor) == {"downloads": [], "mails": []}


def test_with_her_account_goes_what_we_kept_of_her_downloads_and_no_mail_follows_her(copies, vera, otto):
    word = withdrawn_news.word_of(vera)

    farewell.delete_account(vera, locale="en")

    assert not User.objects.filter(pk=vera.pk).exists()
    assert [row.person for row in ReleaseDownload.objects.all()] == [otto]
    assert not ReleaseNews.objects.exists()
    assert not withdrawn_news.tell_due(copies.pk)
    assert mail.outbox == []
    with pytest.raises(unsubscribing.NotOurs):
        withdrawn_news.person_of(word)
