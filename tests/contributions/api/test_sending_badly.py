"""When sender, disk or database fail during an upload: a sentence, when to come again, and nothing left."""

import errno
import io
import os
import tempfile
import uuid

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError, connection
from django.http import UnreadablePostError
from django.test import Client
from django.urls import reverse

from contributions import intake
from contributions.models import Clip
from openempathic import storage
from tests import worlds
from tests.contributions.api.test_sending import SOUND, put


@pytest.fixture
def sender(vera):
    """Vera's browser, which shows a fault as the server would."""
    client = Client(raise_request_exception=False)
    client.force_login(vera)
    return client


def nothing_is_kept():
    return not Clip.objects.exists() and list(storage.keys("clips/")) == []


class Full(io.BytesIO):
    """A temporary file on a disk without room."""

    def write(self, _piece):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_without_room_for_the_body_is_said_to_be_full_and_then_takes_it(sender, monkeypatch):
    clip_id = uuid.uuid4()
    with monkeypatch.context() as hook:
        hook.setattr(tempfile, "TemporaryFile", Full)
        refused = put(sender, clip_id=clip_id)

    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (507, "storage_full", "60")
    assert "kept on your device" in refused.json()["message"]
    assert nothing_is_kept()
    assert put(sender, clip_id=clip_id).status_code == 201


def test_a_disk_that_has_no_room_for_the_name_either_is_said_to_be_full(sender, monkeypatch):
    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)

    assert put(sender).status_code == 507


@pytest.mark.django_db(transaction=True)
def test_a_database_on_a_full_disk_is_said_to_be_full_and_then_takes_it():
    if connection.vendor != "sqlite":
        return  # Only SQLite can be told how many pages it may have; what PostgreSQL says is in the test below.
    worlds.stocked()
    client, clip_id = Client(raise_request_exception=False), uuid.uuid4()
    client.force_login(worlds.volunteer("vera"))
    may_have = pages("page_count")
    pages(f"max_page_count={may_have}")
    try:
        # Its last pages have room for some rows more.
        while (refused := put(client, SOUND, clip_id)).status_code == 201:
            clip_id = uuid.uuid4()
    finally:
        pages("max_page_count=1000000000")

    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (507, "storage_full", "60")
    assert put(client, SOUND, clip_id).status_code == 201


def pages(pragma):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")
        return cursor.fetchone()[0]


class DiskFull(Exception):
    """As psycopg says it."""

    sqlstate = "53100"


@pytest.mark.parametrize(
    ("cause", "status", "code"),
    [(DiskFull(), 507, "storage_full"), (Exception("server closed the connection"), 503, "database_away")],
)
def test_a_database_that_fails_is_told_without_a_traceback(sender, monkeypatch, cause, status, code):
    def fails(*_args, **_facts):
        raise OperationalError("no") from cause

    monkeypatch.setattr(intake, "keep_row", fails)
    answer = put(sender)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert int(answer["Retry-After"]) > 0
    # The bytes stay for the retry: whether the row was kept, nobody can say now.
    assert len(list(storage.keys("clips/"))) == 1


def test_storage_that_fails_on_the_way_to_a_sound_is_away_for_now(sender, vera, monkeypatch):
    clip = worlds.screened_clip(vera)

    def away(*_args):
        raise storage.StorageUnreachable("no")

    monkeypatch.setattr(storage, "stat", away)
    answer = sender.get(reverse("api:clip-sound", args=[clip.pk]))
    page = sender.get(reverse("clip-audio", args=[clip.pk]))

    assert (answer.status_code, answer.json()["code"]) == (503, "storage_away")
    assert (page.status_code, page["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("breaks", [UnreadablePostError("cut"), TimeoutError("slow"), RequestDataTooBig("chunks")])
def test_a_sender_who_breaks_off_leaves_nothing_and_may_come_again(sender, monkeypatch, breaks):
    from contributions.api import announcement

    class Cut:
        def __init__(self, _request):
            self.pieces = iter([SOUND[:1000]])

        def read(self, _size):
            for piece in self.pieces:
                return piece
            raise breaks

    def broken(request):
        body = announcement.FromNetwork(request)
        body.stream = Cut(request)
        return body

    monkeypatch.setattr("contributions.api.views.FromNetwork", broken)
    answer = put(sender)

    # A browser takes a 408 for what it is: it keeps the take and sends it again.
    assert (answer.status_code, answer.json()["code"]) == (408, "broken_off")
    assert nothing_is_kept()
