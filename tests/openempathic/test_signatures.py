"""What the site signed is told from what somebody changed."""

import base64
import copy
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.urls import reverse

from openempathic import signatures

WORDS = {"purpose": "TRAIN_MODELS", "given": True, "words": "¿Sí? نعم", "list": [1, {"b": None, "a": "x"}]}


def test_what_the_site_signed_comes_back_after_a_journey_through_any_json_writer():
    document = json.loads(json.dumps(signatures.sign(WORDS), indent=4, sort_keys=True))

    assert signatures.verify(document) == WORDS


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["content"].update(given=False),
        lambda document: document["content"].update(more="words"),
        lambda document: document["content"].pop("given"),
        lambda document: document["content"]["list"].reverse(),
        lambda document: document["content"]["list"][1].update(a="y"),
        lambda document: document["signature"].update(value=base64.b64encode(bytes(64)).decode()),
    ],
)
def test_any_change_after_signing_is_refused(change):
    document = copy.deepcopy(signatures.sign(WORDS))
    change(document)

    with pytest.raises(signatures.NotGenuine, match="changed after it was signed"):
        signatures.verify(document)


@pytest.mark.parametrize("document", [None, 7, "x", [], {}, {"content": {}}, {"content": {}, "signature": "x"}])
def test_what_is_no_signed_document_is_refused_with_a_word_of_its_own(document):
    with pytest.raises(signatures.NotGenuine, match="not a signed document"):
        signatures.verify(document)


def test_another_sites_signature_is_not_ours(settings):
    document = signatures.sign(WORDS)
    settings.SIGNATURE_KEY = "another site's secret"

    with pytest.raises(signatures.NotGenuine, match="another key"):
        signatures.verify(document)


def test_anybody_can_check_a_signature_with_the_key_at_its_address(client):
    document = signatures.sign(WORDS)
    (key,) = client.get(reverse("public-key")).json()["keys"]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "="))

    public.verify(base64.b64decode(document["signature"]["value"]), signatures.canonical(document["content"]))
    assert key["kid"] == document["signature"]["key_id"]


def test_the_secret_is_made_once_and_never_shown(client, settings):
    answer = client.get("/.well-known/open-empathic-key.json")

    assert settings.SIGNATURE_KEY.encode() not in answer.content
    assert (settings.KEYS / "signature.key").read_text() == settings.SIGNATURE_KEY


def test_after_a_change_of_keys_what_the_old_one_signed_is_still_genuine(settings):
    before = signatures.sign({"said": "before"})
    old = settings.SIGNATURE_KEY
    settings.SIGNATURE_KEY = "a new secret"
    with pytest.raises(signatures.NotGenuine):
        signatures.verify(before)

    settings.SIGNATURE_KEYS_BEFORE = [old]

    assert signatures.verify(before) == {"said": "before"}
    after = signatures.sign({"said": "after"})
    assert after["signature"]["key_id"] != before["signature"]["key_id"]
    listed = [key["kid"] for key in signatures.public_keys()["keys"]]
    assert listed == [after["signature"]["key_id"], before["signature"]["key_id"]]
