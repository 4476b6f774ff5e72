"""A checkpoint's signature: ours fits, nobody else's does, and the library's own command says the same."""

import base64
import json
import subprocess
import sys

import pytest
from django.urls import reverse

from openempathic.registry import signing

NAMES = ("model.safetensors", "manifest.json")


@pytest.fixture
def folder(tmp_path):
    """A signed folder, with a mark beside that came later."""
    here = tmp_path / "checkpoint"
    here.mkdir()
    (here / NAMES[0]).write_bytes(bytes(range(256)) * 40)
    (here / NAMES[1]).write_text('{"files": {}}')
    (here / signing.SIGNATURE).write_text(signing.sign(here, NAMES))
    (here / "withdrawn.json").write_text("{}")
    return here


def checked_by_the_command(folder, key):
    command = [sys.executable, "-m", "model_signing", "verify", "key", str(folder)]
    command += ["--signature", str(folder / signing.SIGNATURE), "--public_key", str(key)]
    return subprocess.run(command, capture_output=True, text=True)


def test_anybody_verifies_a_checkpoint_with_the_public_key_and_the_command(folder, client, tmp_path):
    key = tmp_path / "key.pem"
    key.write_bytes(client.get(reverse("model-key")).content)

    said = checked_by_the_command(folder, key)

    assert said.returncode == 0, said.stdout + said.stderr


def test_our_own_signature_fits(folder):
    signing.verify(folder, NAMES)


def with_one_bit_changed(folder):
    content = bytearray((folder / NAMES[0]).read_bytes())
    content[5000] ^= 1
    (folder / NAMES[0]).write_bytes(content)


def without_a_file(folder):
    (folder / NAMES[0]).unlink()


def without_signature(folder):
    (folder / signing.SIGNATURE).unlink()


def with_no_json(folder):
    (folder / signing.SIGNATURE).write_text("{")


def with_another_statement(folder):
    bundle = json.loads((folder / signing.SIGNATURE).read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    statement["subject"][0]["name"] = "another"
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    (folder / signing.SIGNATURE).write_text(json.dumps(bundle))


def signed_by_another(folder):
    other = signing.made_from("another site's secret")
    bundle = json.loads((folder / signing.SIGNATURE).read_text())
    bundle["verificationMaterial"]["publicKey"]["hint"] = signing.key_name(other.public_key())
    (folder / signing.SIGNATURE).write_text(json.dumps(bundle))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (with_one_bit_changed, "does not fit"),
        (without_a_file, "does not fit"),
        (without_signature, "nobody signed"),
        (with_no_json, "another key"),
        (with_another_statement, "does not fit"),
        (signed_by_another, "another key"),
    ],
)
def test_whatever_was_changed_is_refused(folder, damage, why):
    damage(folder)

    with pytest.raises(signing.NotSigned, match=why):
        signing.verify(folder, NAMES)


def test_a_file_that_was_slipped_in_is_not_signed(folder):
    (folder / "config.json").write_text("{}")

    with pytest.raises(signing.NotSigned, match=r"not among what was signed: config\.json"):
        signing.verify(folder, (*NAMES, "config.json"))


def test_after_a_change_of_keys_what_the_old_one_signed_still_fits(folder, settings, client):
    old = settings.SIGNATURE_KEY
    before = client.get(reverse("model-key")).content
    settings.SIGNATURE_KEY = "a new secret"
    with pytest.raises(signing.NotSigned):
        signing.verify(folder, NAMES)

    settings.SIGNATURE_KEYS_BEFORE = [old]

    signing.verify(folder, NAMES)
    name = signing.read((folder / signing.SIGNATURE).read_text()).key
    assert client.get(reverse("model-key-named", args=[name])).content == before
    assert client.get(reverse("model-key")).content != before
    assert client.get(reverse("model-key-named", args=["0" * 64])).status_code == 404
