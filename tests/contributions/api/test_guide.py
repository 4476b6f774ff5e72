"""The commands of the guide, run as they are written there."""

import io
import os
import re
import shutil
import subprocess
import threading
import zipfile
from contextlib import contextmanager

import pytest
from django.db import connection

from contributions.consenting import consent
from contributions.models import Clip, Purpose
from contributions.screening import examination
from openempathic.accounts import tokens
from openempathic.accounts.models import Scope
from tests import worlds
from tests.contributions.releasing import published
from tests.house.sources import ROOT

GUIDE = ROOT / "docs/guides/api.md"
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@contextmanager
def a_worker():
    """Screens what comes in, as a site's worker does."""
    is_over = threading.Event()

    def work():
        while not is_over.wait(0.2):
            for clip_id in Clip.objects.filter(status=Clip.Status.STORED).values_list("pk", flat=True):
                examination.examine_due(clip_id)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("openssl"), reason="the guide uses curl and openssl")
def test_the_guides_commands_do_what_it_says(live_server, tmp_path):
    worlds.stocked()
    vera = worlds.volunteer("vera")
    _token, word = tokens.make(name="guide", scopes=Scope.values, days=30, by=vera)
    (tmp_path / "take.wav").write_bytes(worlds.ANGER.read_bytes())
    published.dataset()
    commands = COMMANDS.findall(GUIDE.read_text())

    with a_worker():
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
            cwd=tmp_path,
            env={"SITE": live_server.url, "TOKEN": word, "PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(commands) >= 5
    assert (tmp_path / "clip.flac").read_bytes()[:4] == b"fLaC"
    assert (tmp_path / "beginning.flac").stat().st_size == 1000
    assert (tmp_path / "000000.tar").read_bytes() == bytes(range(256)) * 40
    archive = zipfile.ZipFile(io.BytesIO((tmp_path / "my-voice.zip").read_bytes()))
    assert any(name.endswith("/original") for name in archive.namelist())
    assert Clip.objects.count() == 1
    assert not Clip.objects.live().exists()
    assert not consent.covers(vera.contributor, Purpose.TRAIN_MODELS)
    assert consent.covers(vera.contributor, Purpose.STORE_AND_REVIEW)
    assert '"withdrawn":0' in done.stdout


def test_the_guide_names_every_scope():
    assert set(re.findall(r"^\| `([a-z:]+)` \|", GUIDE.read_text(), re.MULTILINE)) == set(Scope.values)
