"""Vera finds a published dataset, reads its terms, accepts them and downloads; nobody else's way leads to a file."""

import io

import pytest
from django.test import Client
from django.urls import reverse

from contributions.models import Dataset, Release, ReleaseDownload
from contributions.releasing import datasets, downloads
from openempathic import storage
from openempathic.accounts import tokens
from openempathic.accounts.models import Scope
from tests.contributions.releasing import published

pytestmark = pytest.mark.django_db
NAME = published.PUBLIC[:12]
SHARD = reverse("dataset-file", args=[NAME, published.SHARD])
TERMS = reverse("dataset-terms", args=[NAME])


@pytest.fixture
def browser(vera):
    entered = Client()
    entered.force_login(vera)
    return entered


def accept(browser, terms=None):
    return browser.post(TERMS, {"accepted": "yes", "terms": terms or downloads.terms_sha256()})


def test_vera_downloads_once_she_has_accepted_the_terms_and_it_is_kept_what_she_took(browser, vera):
    published.dataset()
    before = browser.get(SHARD)

    accept(browser)
    answer = browser.get(SHARD)

    assert before.headers["Location"].startswith(reverse("dataset", args=[NAME]))
    assert b"".join(answer.streaming_content) == bytes(range(256)) * 40
    kept = ReleaseDownload.objects.get(person=vera)
    assert (kept.files, kept.terms_sha256) == ([published.SHARD], downloads.terms_sha256())
    assert kept.fetched_at is not None
    # Whence she came is not ours to know.
    assert not {field.name for field in ReleaseDownload._meta.fields} & {"ip", "address", "user_agent"}


def test_a_part_of_a_file_is_sent_where_it_is_asked_for(browser):
    published.dataset()
    accept(browser)

    whole = browser.get(SHARD)
    part = browser.get(SHARD, headers={"Range": "bytes=256-511"})
    beyond = browser.get(SHARD, headers={"Range": "bytes=999999-"})
    other = browser.get(SHARD, headers={"Range": "bytes=256-511", "If-Range": '"of-before"'})
    same = browser.get(SHARD, headers={"Range": "bytes=0-0", "If-Range": whole.headers["ETag"]})

    assert part.status_code == 206
    assert b"".join(part.streaming_content) == bytes(range(256))
    assert part.headers["Content-Range"] == "bytes 256-511/10240"
    assert beyond.status_code == 416
    # What was rewritten since is sent whole, so that no half is joined to another's.
    assert other.status_code == 200
    assert same.status_code == 206


def test_other_terms_ask_again(browser, vera, monkeypatch):
    published.dataset()
    accept(browser)
    monkeypatch.setattr(downloads, "PROMISES", (*downloads.PROMISES, "I am kind."))

    refused = browser.get(SHARD)
    stale = accept(browser, terms="0" * 64)
    assert browser.get(SHARD).status_code == 302
    accept(browser)

    assert refused.status_code == stale.status_code == 302
    assert browser.get(SHARD).status_code == 200
    assert ReleaseDownload.objects.filter(person=vera).count() == 2


def test_unticked_terms_are_not_accepted(browser):
    published.dataset()

    browser.post(TERMS, {"terms": downloads.terms_sha256()})

    assert not ReleaseDownload.objects.exists()


def test_what_is_taken_back_from_the_public_is_gone_for_those_too_who_accepted(browser, cleo):
    dataset = published.dataset()
    accept(browser)

    datasets.unpublish(dataset, by=cleo)

    assert browser.get(SHARD).status_code == 404
    assert browser.get(reverse("dataset", args=[NAME])).status_code == 404


def test_a_training_release_is_published_by_nobody(cleo):
    trained = datasets.read(published.release_of_lines(kind=Release.Kind.TRAINING))

    with pytest.raises(datasets.NotPublishable):
        datasets.publish(trained, by=cleo, at=trained.read_at)
    Dataset.objects.update(published_at=trained.read_at)

    assert not datasets.public().exists()


def test_a_file_that_the_release_does_not_name_is_not_there_whatever_lies_beside(browser):
    dataset = published.dataset()
    storage.put(f"{dataset.release.prefix}/manifest.draft.json", io.BytesIO(b"{}"))
    accept(browser)

    for path in ("manifest.draft.json", "../../clips/x/original", "shards/"):
        assert browser.get(f"/datasets/{NAME}/files/{path}").status_code == 404


def test_the_page_tells_figures_terms_and_checksums_and_its_plots_are_drawn(client):
    published.dataset()

    page = client.get(reverse("dataset", args=[NAME])).content.decode()
    plot = client.get(reverse("dataset-plot", args=[NAME, "amounts-time"]))

    for told in ("2.0 h", "Polish", "Krippendorff", published.SHARD, "apply_tombstones"):
        assert told in page
    assert Dataset.objects.get().files[0]["sha256"] in page
    assert plot.content.startswith(b"<svg")
    assert b"2.0" in plot.content


def test_cleo_looks_at_it_then_publishes_it_and_takes_it_back(cleo):
    published.dataset(is_public=False)
    browser = Client()
    browser.force_login(cleo)
    address = reverse("release-publication", args=[NAME])
    assert browser.get(reverse("release", args=[NAME])).status_code == 200

    browser.post(address, {"is_public": "yes"})
    assert Client().get(reverse("dataset", args=[NAME])).status_code == 200
    browser.post(address, {"is_public": "no"})

    assert Client().get(reverse("dataset", args=[NAME])).status_code == 404


def test_a_program_reads_accepts_and_downloads_with_the_scope_and_without_it_does_not(vera):
    published.dataset()
    _token, word = tokens.make(name="reader", scopes=[Scope.RELEASES], days=30, by=vera)
    program, headers = Client(enforce_csrf_checks=True), {"Authorization": f"Bearer {word}"}
    told = program.get(reverse("api:release", args=[published.PUBLIC])).json()
    shard = reverse("api:release-file", args=[published.PUBLIC, published.SHARD])

    before = program.get(shard, headers=headers)
    accepted = program.post(
        reverse("api:release-terms", args=[NAME]),
        {"terms": told["terms"]},
        content_type="application/json",
        headers=headers,
    )
    after = program.get(shard, headers=headers)

    assert before.json()["code"] == "terms_not_accepted"
    assert accepted.status_code == 204
    assert b"".join(after.streaming_content) == bytes(range(256)) * 40
    assert told["use_restrictions"][0] == "VOICE_CLONING"
    assert {"name", "sha256", "byte_count"} == told["files"][0].keys()
    assert program.get(reverse("api:releases")).json()[0]["digest"] == published.PUBLIC


def test_where_browsers_reach_the_store_the_files_come_from_there(browser, settings, monkeypatch):
    settings.SIGNED_DOWNLOADS = True
    published.dataset()
    accept(browser)

    # A folder has no address of its own: it is streamed all the same.
    assert browser.get(SHARD).status_code == 200
    monkeypatch.setattr(storage, "signed_url", lambda key, *, seconds: f"https://store.example/{key}?for={seconds}")
    assert browser.get(SHARD).headers["Location"].startswith("https://store.example/releases/")
