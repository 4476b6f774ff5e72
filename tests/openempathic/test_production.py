"""A site on the internet does not start with what was meant for a desk, and says why without telling a secret."""

import os
import secrets
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from openempathic import keys, production
from tests.house.sources import ROOT

HTTPS = "https://voices.example"
GOOD = {f"OE_{name}_KEY": secrets.token_urlsafe(48) for name in ("SECRET", "SIGNING", "SIGNATURE")}


def refused(*, site_url=HTTPS, is_debug=False, password="", **changed):
    """What the site says against starting; empty where it starts."""
    given = {**GOOD, **changed}
    try:
        production.check(site_url=site_url, is_debug=is_debug, keys=given, database={"PASSWORD": password})
    except ImproperlyConfigured as refusal:
        said = str(refusal)
    else:
        return ""
    assert not any(value in said for value in given.values() if len(value) > 8)
    return said


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "0 letters"),
        ("s3cr3t", "6 letters"),
        ("a" * 64, "repeats itself"),
        ("django-insecure-" + GOOD["OE_SECRET_KEY"], "left as it came"),
        ("changeme-" + GOOD["OE_SECRET_KEY"], "left as it came"),
        (GOOD["OE_SIGNING_KEY"], "a value of its own"),
    ],
    # The keys are drawn anew in every process, and all of them must name the tests alike.
    ids=["empty", "short", "repeated", "django's", "left", "shared"],
)
def test_a_key_that_is_none_is_refused_on_the_internet_and_not_at_a_desk(key, why):
    assert why in refused(OE_SECRET_KEY=key)
    assert refused(OE_SECRET_KEY=key, site_url="http://127.0.0.1:8000") == ""


def test_a_site_that_is_set_well_starts():
    assert refused() == ""
    assert refused(password=secrets.token_urlsafe(16)) == ""


def test_pages_for_developers_and_passwords_that_everybody_tries_are_refused():
    assert "OE_DEBUG" in refused(is_debug=True)
    assert "DATABASE_URL" in refused(password="postgres")


def test_a_site_of_several_machines_makes_no_key_of_its_own_and_takes_the_one_that_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("OE_SITE_URL", HTTPS)
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/site")
    asked = {"folder": tmp_path, "environment_variable": "OE_SECRET_KEY"}
    monkeypatch.delenv("OE_SECRET_KEY", raising=False)

    with pytest.raises(ImproperlyConfigured, match="give OE_SECRET_KEY"):
        keys.site_key("secret.key", **asked)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///site")
    made = keys.site_key("secret.key", **asked)
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/site")
    assert keys.site_key("secret.key", **asked) == made


@pytest.mark.parametrize("wrong", [{"OE_SECRET_KEY": "short"}, {"OE_DEBUG": "1"}])
def test_no_command_of_such_a_site_starts(tmp_path, wrong):
    environment = {**os.environ, "OE_VAR": str(tmp_path), "OE_SITE_URL": HTTPS, **GOOD, **wrong}
    done = subprocess.run(
        [sys.executable, "-c", "from openempathic import settings"],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
    )

    assert done.returncode != 0
    assert f"ImproperlyConfigured: Not started, since this site is on the internet ({HTTPS})" in done.stderr
