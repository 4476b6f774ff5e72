"""The studio on a device: what installs it, what it keeps in hand, and with whose voice a take that waited is sent."""

import base64
import hashlib
import json
import re
import uuid

import pytest
from django.urls import reverse

from contributions.consenting import guests
from contributions.models import Clip
from contributions.views.offline import PROMPTS_IN_HAND
from tests import worlds
from tests.house.test_doors import enter

pytestmark = pytest.mark.django_db
SOUND = b"a take that waited"


@pytest.fixture
def gina(_stocked):
    return worlds.guest()


def put(client, voice, clip_id):
    digest = base64.b64encode(hashlib.sha256(SOUND).digest()).decode()
    headers = {"Content-Digest": f"sha-256=:{digest}:", "X-Clip-Language": "en"}
    address = reverse("api:clip", args=[clip_id], query={"voice": str(voice.pk)})
    return client.put(address, data=SOUND, content_type="audio/webm", headers=headers)


def test_a_take_is_stored_with_the_voice_that_made_it_or_not_at_all(gina, client):
    otto = worlds.volunteer("otto")
    client.force_login(otto)
    answer = put(client, gina, uuid.uuid4())

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Clip.objects.exists()


def test_a_guests_take_goes_on_with_the_account_that_claims_the_voice(gina, client):
    vera, clip_id = worlds.volunteer("vera"), uuid.uuid4()
    enter(client, gina)
    assert put(client, gina, clip_id).status_code == 201

    client.force_login(vera)
    assert put(client, gina, clip_id).status_code == 404
    guests.claim(gina, by=vera)

    assert put(client, gina, clip_id).status_code == 200
    assert put(client, gina, uuid.uuid4()).status_code == 201
    assert set(Clip.objects.values_list("contributor", flat=True)) == {gina.pk}


def test_every_page_names_the_voices_whose_takes_it_may_send(gina, client):
    vera = worlds.volunteer("vera")
    assert 'data-voices=""' in client.get(reverse("home")).content.decode()
    enter(client, gina)
    assert f'data-voices="{gina.pk}"' in client.get(reverse("home")).content.decode()

    client.force_login(vera)
    page = client.get(reverse("home")).content.decode()
    assert f'data-voices="{vera.contributor.pk}"' in page
    guests.claim(gina, by=vera)
    claimed = client.get(reverse("home")).content.decode()
    assert f'data-voices="{vera.contributor.pk} {gina.pk}"' in claimed


def test_a_guest_who_signed_in_is_told_of_the_voice_that_is_not_theirs_yet(gina, client):
    enter(client, gina)
    session = client.session
    session["guest"] = {"voice": str(gina.pk), "serial": gina.guest_serial}
    session.save()
    client.force_login(worlds.volunteer("vera"))
    session = client.session
    session["guest"] = {"voice": str(gina.pk), "serial": gina.guest_serial}
    session.save()

    assert f'data-guest="{gina.pk}"' in client.get(reverse("my-clips")).content.decode()


def test_a_page_makes_no_voice_of_somebody_who_never_spoke(client):
    cleo = worlds.person("cleo")
    client.force_login(cleo)
    client.get(reverse("privacy"))

    assert not hasattr(cleo, "contributor")


def test_the_device_has_an_evenings_sentences_in_hand_as_the_studio_shows_them(gina, client):
    enter(client, gina)
    client.post(reverse("choose-language"), {"language": "en"})
    told = client.get(reverse("upcoming-prompts")).json()

    assert told["voice"] == str(gina.pk)
    assert len({each["prompt"] for each in told["prompts"]}) == PROMPTS_IN_HAND
    assert all(f'data-prompt="{each["prompt"]}"' in each["card"] for each in told["prompts"])


def test_without_consent_no_sentence_is_put_in_hand(client, _stocked):
    enter(client, guests.welcome())
    client.post(reverse("choose-language"), {"language": "en"})

    assert client.get(reverse("upcoming-prompts")).json()["prompts"] == []


def test_the_worker_may_run_only_our_own_files_and_is_asked_for_anew(client):
    answer = client.get(reverse("service-worker"))
    policy = answer.headers["Content-Security-Policy"]

    assert answer.headers["Content-Type"] == "text/javascript"
    assert "no-cache" in answer.headers["Cache-Control"]
    assert {part.strip() for part in policy.split(";")} == {
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
    }


def test_the_worker_names_the_studios_files_and_no_page_of_a_person(client):
    source = client.get(reverse("service-worker")).content.decode()
    facts = json.loads(re.search(r"\.\.\.(\{.*\}) \}\);", source)[1])

    assert {"/static/js/elements/recording-studio.js", "/static/css/studio.css"} <= set(facts["files"])
    assert all(address.startswith("/static/") for address in facts["files"])
    assert not any("listen" in address for address in facts["files"])
    assert reverse("account_logout") in facts["addresses"]["leaving"]


def test_the_manifest_opens_the_studio_and_shows_our_own_pictures(client):
    told = client.get(reverse("web-manifest")).json()

    assert told["start_url"] == reverse("studio")
    assert {each["purpose"] for each in told["icons"]} == {"any", "maskable"}
    assert (told["lang"], told["dir"]) == ("en", "ltr")
    assert client.get(reverse("web-manifest"), headers={"Accept-Language": "ar"}).json()["dir"] == "rtl"


def test_the_page_for_no_connection_is_nobodys(gina, client):
    enter(client, gina)
    page = client.get(reverse("offline")).content.decode()

    assert "<take-sender" not in page
    assert str(gina.pk) not in page
