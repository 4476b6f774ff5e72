"""The web process needs what the extra `web` names and nothing else: its image has no more."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.house.sources import ROOT
from tests.house.test_rooms import WEB, normal

LOCKED = {name: (ROOT / "requirements" / f"{name}.txt").read_text() for name in ("web", "site")}
# None of it is in the image: a page that asks for it, however late, would fail there.
BARRED = (
    "torch",
    "torchaudio",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "onnxruntime",
    "celery",
    "kombu",
    "av",
    "webrtcvad",
)

PAGES = """
import sys
from importlib.machinery import PathFinder
barred = set(sys.argv[1].split(","))
class Only(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in barred else PathFinder.find_spec(name, path, target)
sys.meta_path[:] = [Only if finder is PathFinder else finder for finder in sys.meta_path]
"""


def blocks(name: str) -> dict[str, str]:
    """Each package of a lock, as it stands there with its digests, without where it applies."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(==\S+).*\\((?:\n    --hash=\S+(?: \\)?)+)", LOCKED[name], re.MULTILINE)
    return {normal(package): version + digests for package, version, digests in found}


def test_its_lock_says_of_each_package_what_the_sites_says():
    web, site = blocks("web"), blocks("site")

    assert web
    assert {name: pin for name, pin in web.items() if site.get(name) != pin} == {}


def test_its_lock_holds_all_that_the_web_asks_for_and_nothing_of_the_model():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["web"]
    names = {normal(re.split(r"[\[<>=,;\s]", line)[0]) for line in asked}

    assert names <= blocks("web").keys()
    assert blocks("web").keys().isdisjoint(BARRED)


def test_every_address_is_there_without_the_rest():
    inside = blocks("web").keys()
    outside = [
        module
        for module, distributions in packages_distributions().items()
        if inside.isdisjoint(normal(name) for name in distributions)
        if module not in ("openempathic", "contributions", "training") and "editable" not in module
    ]
    done = subprocess.run(
        [sys.executable, "-c", PAGES + WEB, ",".join(outside)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "openempathic.settings"},
        capture_output=True,
        text=True,
    )

    assert set(BARRED) <= set(outside)
    assert done.returncode == 0, done.stderr[-3000:]
