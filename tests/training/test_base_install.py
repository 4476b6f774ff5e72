"""Whoever installs only the base can load CLARA, ask it, and is told what to install for the rest."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import worlds
from tests.house.sources import ROOT
from tests.house.test_rooms import normal

BASE = ("numpy", "safetensors", "torch", "torchaudio")

WITHOUT = """
import sys
from importlib.machinery import PathFinder

allowed = set(sys.argv[1].split(",")) | {"training"} | sys.stdlib_module_names

class Only(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        first = name.partition(".")[0]
        is_there = first in allowed or first.startswith("_")
        return PathFinder.find_spec(name, path, target) if is_there else None

sys.meta_path[:] = [Only if finder is PathFinder else finder for finder in sys.meta_path]
# An editable installation finds its packages by a finder of its own.
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
"""

ASKED = """
import pathlib
import torch
from training.clara import Clara, NotFetchable, seed_head
from training.clara.sounds import NotHearable

torch.set_num_threads(1)
clip = sys.argv[2]
clara = seed_head.load()
assert Clara.load(seed_head.FOLDER).labels == clara.labels
assert max(clara.score(clip), key=clara.score(clip).get) == "anger"
assert clara.embed(clip).shape == (clara.config.width,)
words = clara.score(clip, ["an angry voice", "smutny głos"])
assert abs(sum(words.values()) - 1) < 1e-9
assert {hit.place for hit in clara.search("an angry voice", [clip, clip])} == {0, 1}

def refused(kind, why, ask):
    try:
        ask()
    except kind as refusal:
        assert why in str(refusal), refusal
    else:
        raise AssertionError(why)

refused(NotFetchable, "pip install boto3", lambda: Clara.load("s3://bucket/prefix"))
refused(NotHearable, "pip install av", lambda: clara.embed(b"fLaC, or so"))
refused(ImportError, "django", lambda: __import__("django"))
folder = pathlib.Path(sys.argv[3])
clara.save(folder)
import hashlib, json
files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
digest = hashlib.sha256(json.dumps(files, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
told = {"format": "openempathic-checkpoint/1", "digest": digest, "files": files}
(folder / "manifest.json").write_text(json.dumps(told))
envelope = {"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": [{"sig": ""}]}
(folder / "model.sig").write_text(json.dumps({"dsseEnvelope": envelope}))
assert Clara.load(folder).labels == clara.labels
refused(ImportError, "pip install cryptography", lambda: Clara.load(folder, verify_key=b"-----BEGIN"))
import training
print("FROM", training.__path__[0])
"""


def modules_of_the_base():
    """The top-level modules of the base's distributions, and of all that these require."""
    wanted, known = list(BASE), set()
    while wanted:
        name = normal(wanted.pop())
        if name in known:
            continue
        known.add(name)
        try:
            asked = [Requirement(line) for line in requires(name) or ()]
        except PackageNotFoundError:
            continue
        wanted += [each.name for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]
    owned = packages_distributions().items()
    return {module for module, owners in owned if known & {normal(owner) for owner in owners}}


def asked_in_a_fresh_process(source: Path, folder: Path) -> str:
    """Where the package came from, once everything was asked of it and nothing but the base could be imported."""
    command = [sys.executable, "-c", WITHOUT + ASKED, ",".join(sorted(modules_of_the_base()))]
    done = subprocess.run(
        [*command, str(worlds.ANGER), str(folder / "saved")],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("FROM ")[2].strip()


def test_the_base_alone_loads_embeds_scores_and_searches(tmp_path):
    assert asked_in_a_fresh_process(ROOT, tmp_path) == str(ROOT / "training")


@pytest.mark.soak
def test_the_wheel_holds_all_that_the_base_needs(tmp_path):
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("openempathic-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")

    assert asked_in_a_fresh_process(tmp_path / "installed", tmp_path) == str(tmp_path / "installed" / "training")
