"""A checkpoint from afar is what was published, or it is not opened: whatever else may come is tried."""

import hashlib
import http.server
import json
import shutil
import threading
from functools import partial

import boto3
import pytest
import torch
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import signing

from training.clara import Clara, ClaraConfig, CorruptCheckpoint, NotFetchable, places, sources

FILES = ("model.safetensors", "config.json", "preprocessor_config.json", "labels.json", "README.md")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A published checkpoint: its folder, and the key that signed it."""
    folder = tmp_path_factory.mktemp("published") / "checkpoint"
    torch.manual_seed(0)
    labels = {"anger": ["an angry voice"], "fear": ["a fearful voice"]}
    Clara(ClaraConfig.preset("nano", emotions=("anger", "fear")), labels=labels).save(folder)
    (folder / "README.md").write_text("A card.\n")
    write_manifest(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    secret = folder.parent / "secret.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*plain))
    signing.Config().use_elliptic_key_signer(private_key=secret).sign(folder, folder.parent / "model.sig")
    (folder.parent / "model.sig").rename(folder / "model.sig")
    return folder, in_pem(key)


def in_pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def write_manifest(folder, **changes):
    """What publishing writes beside the files."""
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    canonical = json.dumps(files, sort_keys=True, separators=(",", ":")).encode()
    told = {"format": "openempathic-checkpoint/1", "digest": hashlib.sha256(canonical).hexdigest(), "files": files}
    (folder / "manifest.json").write_text(json.dumps(told | changes))


@pytest.fixture
def published(made, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(made[0], tmp_path / "site" / "files")


@pytest.fixture
def key(made):
    return made[1]


@pytest.fixture
def version(made):
    return json.loads((made[0] / "manifest.json").read_text())["digest"][:12]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "openempathic" / "checkpoints"


class Site(http.server.SimpleHTTPRequestHandler):
    """A site that serves a folder under any version, and misbehaves on demand."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if to := self.server.redirects:
            self.send_response(302)
            self.send_header("Location", to)
            self.end_headers()
            return
        if self.server.refuses:
            self.send_error(self.server.refuses)
            return
        self.path = "/" + self.path.partition("/models/")[2].partition("/")[2]
        super().do_GET()

    def log_message(self, *_args):
        pass


@pytest.fixture
def site(published):
    """The running site; its address is `site.url`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=published.parent)) as server:
        server.asked, server.redirects, server.refuses = [], None, None
        server.url = f"http://127.0.0.1:{server.server_port}/models"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_sites_checkpoint_is_fetched_once_and_loads(site, version, cache):
    address = f"{site.url}/{version}/"

    clara = Clara.load(address)
    asked = len(site.asked)
    again = Clara.load(address)

    assert list(clara.labels) == ["anger", "fear"]
    assert torch.equal(clara.label_embeddings(), again.label_embeddings())
    assert [path.rpartition("/")[2] for path in site.asked[asked:]] == ["manifest.json"]
    assert [path.name[:12] for path in cache.iterdir()] == [version]


def test_what_was_fetched_serves_where_the_site_is_away(site, version, cache):
    address = f"{site.url}/{version}/"
    Clara.load(address)
    site.refuses = 503

    with pytest.warns(UserWarning, match="the copy in"):
        Clara.load(address)

    site.refuses = 410
    with pytest.raises(NotFetchable, match="retracted"):
        Clara.load(address)


def test_a_damaged_copy_in_the_cache_is_fetched_again(site, version, cache):
    Clara.load(f"{site.url}/{version}/")
    (weights,) = cache.rglob("model.safetensors")
    weights.write_bytes(b"damaged")

    assert Clara.load(f"{site.url}/{version}/").labels


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_noticed_before_it_is_opened(site, version, published, cache, name, monkeypatch):
    monkeypatch.setattr("training.clara.checkpoint.read", lambda _folder: pytest.fail("it was opened"))
    (published / name).write_bytes((published / name).read_bytes() + b" ")

    with pytest.raises(CorruptCheckpoint, match=name):
        Clara.load(f"{site.url}/{version}/")
    assert list(cache.iterdir()) == []


def test_the_address_names_the_bytes(site, cache):
    with pytest.raises(CorruptCheckpoint, match="which the address names"):
        Clara.load(f"{site.url}/{'0' * 12}/")


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": "openempathic-checkpoint/1", "digest": "00", "files": {}}',
        b'{"format": "openempathic-checkpoint/1", "digest": "00", "files": {"model.safetensors": 7}}',
        b'{"format": "pickle", "digest": "00", "files": {}}',
    ],
)
def test_a_manifest_that_is_none_is_refused(site, version, published, cache, manifest):
    (published / "manifest.json").write_bytes(manifest)

    with pytest.raises(CorruptCheckpoint, match=r"manifest\.json"):
        Clara.load(f"{site.url}/{version}/")


def test_only_known_names_are_fetched_and_no_pickle_is_among_them(site, published, cache, monkeypatch):
    (published / "pytorch_model.bin").write_bytes(b"a pickle")
    monkeypatch.setattr(f"{__name__}.FILES", (*FILES, "pytorch_model.bin"))
    write_manifest(published)

    Clara.load(f"{site.url}/newest/")

    assert not any("pytorch_model" in path for path in site.asked)
    assert {path.name for path in cache.rglob("*.*")} == {*FILES[:5], "manifest.json", "model.sig"}


def test_what_is_larger_than_it_may_be_is_broken_off(site, version, cache, monkeypatch):
    monkeypatch.setattr(sources, "WEIGHTS_BYTES_MAX", 1000)
    with pytest.raises(CorruptCheckpoint, match="larger"):
        Clara.load(f"{site.url}/{version}/")

    monkeypatch.setattr(sources, "WORDS_BYTES_MAX", 10)
    with pytest.raises(NotFetchable, match="larger"):
        Clara.load(f"{site.url}/{version}/")


def test_no_redirect_is_followed(site, version, cache):
    site.redirects = f"http://127.0.0.1:{site.server_port}/models/{version}/files/manifest.json"

    with pytest.raises(NotFetchable, match="redirects"):
        Clara.load(f"{site.url}/{version}/")
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://empathic.example/models/0123456789ab/", "use https"),
        ("http://127.0.0.1.empathic.example/models/0123456789ab/", "use https"),
        ("ftp://empathic.example/models/", "no address of a checkpoint"),
        ("file:///etc/passwd", "no address of a checkpoint"),
        ("https://vera:word@empathic.example/models/", "without a password"),
        ("https://empathic.example/models/?a=b", "without a password"),
    ],
)
def test_an_address_that_nobody_should_read_from_is_refused_unasked(address, why):
    with pytest.raises(NotFetchable, match=why):
        Clara.load(address)


def test_nobody_at_the_address_is_said_in_words(cache):
    with pytest.raises(NotFetchable, match="are you online"):
        Clara.load("http://127.0.0.1:9/models/0123456789ab/")


def test_a_signature_is_checked_where_a_key_is_given(site, version, published, cache, key):
    assert Clara.load(f"{site.url}/{version}/", verify_key=key).labels
    assert Clara.load(published, verify_key=key).labels

    stranger = in_pem(ec.generate_private_key(ec.SECP256R1()))
    for source in (f"{site.url}/{version}/", published):
        with pytest.raises(CorruptCheckpoint, match="not made with the key"):
            Clara.load(source, verify_key=stranger)


def test_a_signature_of_another_checkpoint_vouches_for_nothing(site, published, cache, key):
    (published / "README.md").write_text("Another card.\n")
    write_manifest(published)

    with pytest.raises(CorruptCheckpoint, match="was made for another"):
        Clara.load(f"{site.url}/newest/", verify_key=key)
    assert Clara.load(f"{site.url}/newest/").labels


@pytest.mark.parametrize(
    "bundle", [None, b"", b"{}", b'{"dsseEnvelope": {"payloadType": "x", "payload": "", "signatures": []}}']
)
def test_whoever_gives_a_key_gets_nothing_unsigned(site, version, published, cache, key, bundle):
    (published / "model.sig").unlink()
    if bundle is not None:
        (published / "model.sig").write_bytes(bundle)

    with pytest.raises(CorruptCheckpoint, match=r"model\.sig"):
        Clara.load(f"{site.url}/{version}/", verify_key=key)


def test_a_folder_with_a_manifest_is_held_to_it(published, tmp_path):
    assert Clara.load(published).labels
    (published / "README.md").write_text("Another card.\n")

    with pytest.raises(CorruptCheckpoint, match=r"README\.md"):
        Clara.load(published)


def test_a_bucket_gives_a_checkpoint_or_its_champion(s3_server, made, cache, monkeypatch):
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    folder, key = made
    digest = json.loads((folder / "manifest.json").read_text())["digest"]
    endpoint, bucket = endpoint_of(s3_server)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3")
    for path in folder.iterdir():
        client.put_object(Bucket=bucket, Key=f"here/checkpoints/{digest}/{path.name}", Body=path.read_bytes())
    client.put_object(Bucket=bucket, Key="here/aliases/champion.json", Body=json.dumps({"digest": digest}).encode())

    assert Clara.load(f"s3://{bucket}/here/checkpoints/{digest}", verify_key=key).labels
    assert Clara.load(f"s3://{bucket}/here").labels
    with pytest.raises(NotFetchable, match="no checkpoint"):
        Clara.load(f"s3://{bucket}/elsewhere")


def endpoint_of(server):
    """The endpoint and the bucket in the address that our storage is given."""
    parts = places.urlsplit(server.environment["STORAGE_URL"])
    return dict(each.split("=", 1) for each in parts.query.split("&"))["endpoint"], parts.netloc
