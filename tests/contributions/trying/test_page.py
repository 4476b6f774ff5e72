"""The page on which anybody tries CLARA: also without a script, and with words for everything that can go wrong."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client

from contributions.trying import refusals
from openempathic.registry.models import Checkpoint
from tests import worlds
from tests.contributions.trying.conftest import DIGEST, listening

pytestmark = pytest.mark.django_db
PAGE = "/try/"


def clip(content=None):
    return SimpleUploadedFile("clip.wav", content or worlds.ANGER.read_bytes(), content_type="audio/wav")


def tried(client, *queries, sound=None):
    return client.post(PAGE, {"sound": sound or clip(), "query": list(queries)})


@pytest.mark.usefixtures("ear")
def test_gina_tries_a_clip_without_a_script_and_without_an_account(client):
    answer = tried(client, "a tired voice", "<b>głos</b>", "")
    told = answer.content.decode()

    assert answer.status_code == 200
    assert told.count('class="bar"') == 5
    assert "&lt;b&gt;głos&lt;/b&gt;" in told
    assert DIGEST[:12] in told
    assert "no-store" in answer.headers["Cache-Control"]
    assert "sessionid" not in client.cookies


@pytest.mark.usefixtures("ear")
def test_one_description_alone_is_held_against_what_clara_knows_feelings_by(client):
    told = tried(client, "a tired voice").content.decode()

    assert told.count('class="bar"') == 4
    assert "<bdi>a tired voice</bdi>" in told
    assert "That is no probability" in told
    assert "That is no probability" not in tried(client, "a tired voice", "a calm one").content.decode()
    assert "That is no probability" not in tried(client).content.decode()


@pytest.mark.usefixtures("ear")
def test_a_clip_never_touches_the_disk(client, monkeypatch):
    monkeypatch.setattr(TemporaryUploadedFile, "__init__", lambda *_args: pytest.fail("it was written"))

    # Larger than Django keeps in memory of its own accord.
    assert tried(client, sound=clip(b"x" * 3_000_000)).status_code == 422


@pytest.mark.usefixtures("ear")
def test_a_form_of_another_site_is_refused():
    stranger = Client(enforce_csrf_checks=True)

    assert tried(stranger).status_code == 403
    stranger.get(PAGE)
    word = stranger.cookies["csrftoken"].value
    assert stranger.post(PAGE, {"sound": clip(), "csrfmiddlewaretoken": word}).status_code == 200


@pytest.mark.usefixtures("ear")
def test_a_form_without_a_clip_says_what_is_missing(client):
    answer = client.post(PAGE, {"query": ["a tired voice"]})

    assert answer.status_code == 422
    assert refusals.NothingChosen.text in answer.content.decode()
    assert 'value="a tired voice"' in answer.content.decode()


@pytest.mark.usefixtures("ear")
def test_what_is_too_large_is_refused_before_it_is_read(client, settings):
    settings.UPLOAD_BYTES_MAX = 10

    class Unread(io.BytesIO):
        def read(self, *_size):
            pytest.fail("it was read")

    form = "multipart/form-data; boundary=x"
    answer = client.generic("POST", PAGE, b"", form, CONTENT_LENGTH="99999999", **{"wsgi.input": Unread()})

    assert answer.status_code == 413


def test_an_ear_that_is_away_is_told_in_words(client):
    answer = tried(client)

    assert answer.status_code == 503
    assert refusals.Away.text in answer.content.decode()
    assert client.get(PAGE).status_code == 200


def test_whoever_has_tried_enough_is_told_when_to_come_back(client, clara):
    client.get(PAGE)
    with listening(clara, an_hour=1):
        tried(client)
        answer = tried(client)

    assert answer.status_code == 429


def test_the_page_says_which_model_listens_and_on_which_terms(client, settings):
    settings.SEED_HEAD = True
    assert refusals.NoModel.text in client.get(PAGE).content.decode()

    facts = {"preset": "seed", "release_digest": "", "run_id": "00000000-0000-4000-8000-000000000000", "files": {}}
    seed = Checkpoint.objects.create(digest="c" * 64, status="SEED", **facts)
    assert "CC BY-NC-SA 4.0" in client.get(PAGE).content.decode()

    Checkpoint.objects.filter(pk=seed.pk).update(status="CHAMPION")
    told = client.get(PAGE).content.decode()
    assert "CC BY-NC-SA 4.0" not in told
    assert "c" * 12 in told


def test_a_site_can_do_without_the_page(client, settings):
    assert PAGE in client.get("/privacy/").content.decode()

    settings.TRY_PAGE = False

    assert client.get(PAGE).status_code == client.post(PAGE).status_code == 404
    assert PAGE not in client.get("/privacy/").content.decode()
