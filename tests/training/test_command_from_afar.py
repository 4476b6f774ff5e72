"""`clara --model` takes the address of a site's model page, or a bucket's, as Clara.load does."""

import hashlib
import http.server
import io
import json
import threading
from functools import partial
from pathlib import Path

import pytest
import torch
from botocore.exceptions import ClientError

from training import command
from training.clara import Clara, ClaraConfig, places

SOUND = Path(__file__).parents[1] / "sounds" / "german-anger.wav"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A site's page of a model: a folder, without a line on stderr."""

    def log_message(self, *_told):
        pass


class Bucket:
    """What boto3 would give, of one folder."""

    def __init__(self, folder):
        self.folder = folder

    def get_object(self, **asked):
        path = self.folder / asked["Key"]
        if not path.is_file():
            raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 404}}, "GetObject")
        return {"Body": io.BytesIO(path.read_bytes())}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A published checkpoint as a site lays it out."""
    files = tmp_path_factory.mktemp("site") / "files"
    torch.manual_seed(0)
    labels = {"anger": ["an angry voice"], "fear": ["a fearful voice"]}
    Clara(ClaraConfig.preset("nano", emotions=("anger", "fear")), labels=labels).save(files)
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files.iterdir()}
    canonical = json.dumps(sums, sort_keys=True, separators=(",", ":")).encode()
    told = {"format": "openempathic-checkpoint/1", "digest": hashlib.sha256(canonical).hexdigest(), "files": sums}
    (files / "manifest.json").write_text(json.dumps(told))
    return files.parent


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def address(site):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments):
    return command.main([str(argument) for argument in arguments])


def test_a_sound_is_answered_by_the_model_of_a_sites_page(address, capsys, tmp_path):
    assert run("predict", "--json", "--model", address, SOUND) == 0

    said = capsys.readouterr()
    assert set(json.loads(said.out)["probabilities"]) == {"anger", "fear"}
    assert said.err == f"clara: asking {address}\n"
    assert list(tmp_path.rglob("model.safetensors"))


def test_a_sound_is_answered_by_the_model_of_a_bucket(site, monkeypatch, capsys):
    monkeypatch.setattr(places, "bucket_client", lambda: Bucket(site))

    assert run("embed", "--model", "s3://voices/files", SOUND) == 0
    assert "embedding" in json.loads(capsys.readouterr().out)


def test_what_is_published_is_verified_and_brought_home(address, capsys, tmp_path):
    assert run("verify", address) == 0
    assert run("export", address, "--to", tmp_path / "home") == 0

    assert (tmp_path / "home" / "SHA256SUMS").is_file()
    assert "embeds the same" in capsys.readouterr().out


@pytest.mark.parametrize("beyond", ["http://voices.example.org/models/0123456789ab/", "ftp://voices.example.org/"])
def test_an_address_that_may_not_be_read_is_refused_in_a_line(beyond, capsys):
    assert run("predict", "--model", beyond, SOUND) == 1

    assert "Traceback" not in capsys.readouterr().err


def test_a_page_that_is_not_there_is_told_in_a_line(address, capsys):
    assert run("predict", "--model", f"{address}/nowhere", SOUND) == 1

    assert "there is no checkpoint at" in capsys.readouterr().err
