"""What a release costs: `./run bench tests/benchmarks/test_releases.py`.

Sites of growing size are made, and each is frozen in a process of its own: the most memory that it ever held must not
grow with the clips. It is compared with plain `tar` of the same files, unpacked from its own shards, both with their
bytes on the disk at the end, and with another checkout of the project, if OE_BEFORE names one. Each is frozen again
from nothing and has the same digest, and a shard rewritten after a purge has every other clip byte for byte. The table
is left in var/benchmarks/releases.md.

In the suite one small site is frozen.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from django.utils import timezone

from contributions.models import Clip, CurrentConsent
from contributions.releasing import releases, shards
from tests import worlds
from tests.benchmarks import corpora, harvests
from tests.benchmarks.tables import markdown
from tests.contributions.frozen import clips_of, copied, purge, take_back

log = logging.getLogger(__name__)
REPORT = corpora.CACHE / "releases.md"
# Clips of half a second, and one population of clips as long as people's.
POPULATIONS = ((10_000, 0.5), (30_000, 0.5), (100_000, 0.5), (4_000, 4.3))
TURNS = 2
HOUSE = Path(__file__).parent.parent.parent
# Another checkout of the project in OE_BEFORE freezes the same clips, in turns with this one.
HOUSES = ({"before": Path(os.environ["OE_BEFORE"])} if "OE_BEFORE" in os.environ else {}) | {"now": HOUSE}
COLUMNS = {"seconds": ".1f", "processor_seconds": ".1f", "locked_seconds": ".2f", "peak_mib": ".0f"}
# A page cache that happened to be cold, or a neighbour, makes single figures jump; the growth is what counts.
GROWTH_MAX = 1.25


def run(act: str, folder: Path, *rest: object, house: Path = HOUSE) -> dict:
    """One act in a process of its own, by this checkout of the project; what it printed."""
    command = [sys.executable, "-m", harvests.__name__, act, folder, *map(str, rest)]
    path = f"{house}{os.pathsep}{house / 'platform'}"
    answer = subprocess.run(command, cwd=house, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1]) if answer.stdout else {}


def frozen(site: Path, house: Path) -> dict:
    """What a freeze from nothing took."""
    run("forget", site)
    shutil.rmtree(site / "release", ignore_errors=True)
    return run("freeze", site, "release", house=house)


def unpacked(release: Path, to: Path) -> None:
    """The files that are in the release's shards."""
    to.mkdir()
    for shard in (release / "shards").iterdir():
        subprocess.run(["tar", "-xf", shard, "-C", to], check=True)


def by_tar(site: Path) -> dict:
    """What plain tar takes for the unpacked files, until they are on the disk."""
    began, used = time.perf_counter(), os.times()
    subprocess.run(["tar", "-cf", site / "plain.tar", "-C", site, "files"], check=True)
    with (site / "plain.tar").open("rb") as file:
        os.fsync(file.fileno())
    now = os.times()
    processor = now.children_user + now.children_system - used.children_user - used.children_system
    return {"seconds": time.perf_counter() - began, "processor_seconds": processor}


def quickest(tries: list[dict]) -> dict:
    """The least of each figure: a neighbour makes some tries slow, and none quick."""
    return {name: min(each[name] for each in tries) for name in tries[0] if name not in ("counts", "digest")}


def measured(site: Path, clips: int, seconds: float) -> tuple[dict[str, dict], set[str]]:
    """What tar and every checkout took at best, in turns on one population; and the digests of all the releases."""
    site.mkdir()
    run("grow", site, clips, seconds)
    tries: dict[str, list[dict]] = {name: [] for name in (*HOUSES, "tar")}
    for turn in range(TURNS):
        for name, house in HOUSES.items():
            tries[name].append(frozen(site, house))
        if not turn:
            unpacked(site / "release", site / "files")
        tries["tar"].append(by_tar(site))
    digests = {each["digest"] for name in HOUSES for each in tries[name]}
    return {name: quickest(some) for name, some in tries.items()}, digests


def row_of(clips: int, name: str, took: dict, tar: dict) -> tuple:
    """A line of the table."""
    told = (f"{took[part]:{form}}" if part in took else "" for part, form in COLUMNS.items())
    ratios = (f"{took[part] / tar[part]:.1f}" for part in ("seconds", "processor_seconds"))
    return f"{clips:,}", name, *told, *ratios


@pytest.mark.soak
def test_memory_does_not_grow_with_a_release_and_time_is_held_against_tar(tmp_path):
    rows, peaks = [], []
    for place, (clips, seconds) in enumerate(POPULATIONS):
        site = tmp_path / str(place)
        best, digests = measured(site, clips, seconds)
        kib = sum(path.stat().st_size for path in (site / "release/shards").iterdir()) / clips / 1024
        shutil.rmtree(site)
        told = [row_of(clips, f"{name}, {kib:.0f} KiB a clip", took, best["tar"]) for name, took in best.items()]
        log.warning("%s", told)
        rows += told
        peaks.append(best["now"]["peak_mib"])
        assert len(digests) == 1
    table = markdown(
        ("clips", "by", *(name.replace("_", " ") for name in COLUMNS), "ratio", "ratio of processor"), rows
    )
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(table)
    log.warning("%s", table)

    assert max(peaks) <= GROWTH_MAX * min(peaks)


@pytest.mark.usefixtures("_stocked")
def test_frozen_twice_it_is_the_same_and_a_purge_leaves_every_other_clip_byte_for_byte(db, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 60_000)
    event = CurrentConsent.objects.get(contributor=worlds.voice_of(worlds.volunteer("vera")), purpose="TRAIN_MODELS")
    harvests.plant(list(range(250)), 0.05, event, [worlds.person(name) for name in ("milo", "cleo")] * 10)
    first, second = (
        releases.freeze("TRAINING", at=timezone.now(), by="tester", folder=tmp_path / name) for name in ("one", "two")
    )
    row = clips_of(first)[7]
    take_back(Clip.objects.get(pk=row["clip"]))
    purge(Clip.objects.get(pk=row["clip"]))

    before, after = members_of(tmp_path / "two"), members_of(copied(first, tmp_path / "after"))
    assert first == second
    assert len(before) == 500
    assert before.keys() - after.keys() == {f"{row['key']}.flac", f"{row['key']}.json"}
    assert all(before[name] == content for name, content in after.items())


def members_of(folder: Path) -> dict[str, bytes]:
    """Every file in the shards."""
    found = {}
    for shard in (folder / "shards").iterdir():
        with tarfile.open(shard) as tar:
            found |= {member.name: tar.extractfile(member).read() for member in tar}
    return found
