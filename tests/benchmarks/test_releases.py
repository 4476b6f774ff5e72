"""What a release costs: `./run bench tests/benchmarks/test_releases.py`.

Sites of growing size are made, and each is frozen in a process of its own: the most memory that it ever held must not
grow with the clips. The largest is compared with plain `tar` of the same files, unpacked from its own shards, both with
their bytes on the disk at the end. It is frozen again from nothing and has the same digest, and a shard rewritten after
a purge has every other clip byte for byte. The table is left in var/benchmarks/releases.md.

In the suite one small site is frozen.
"""

import json
import logging
import os
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
SECONDS = 0.5
# A page cache that happened to be cold, or a neighbour, makes single figures jump; the growth is what counts.
GROWTH_MAX = 1.25


def run(act: str, folder: Path, *rest: object) -> dict:
    """One act in a process of its own; what it printed."""
    command = [sys.executable, "-m", harvests.__name__, act, folder, *map(str, rest)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1]) if answer.stdout else {}


def by_tar(release: Path, scratch: Path) -> float:
    """Seconds that plain tar takes for the files that are in the release's shards, until they are on the disk."""
    for shard in (release / "shards").iterdir():
        with tarfile.open(shard) as tar:
            tar.extractall(scratch / "files", filter="data")
    began = time.perf_counter()
    subprocess.run(["tar", "-cf", scratch / "plain.tar", "-C", scratch, "files"], check=True)
    with (scratch / "plain.tar").open("rb") as file:
        os.fsync(file.fileno())
    return time.perf_counter() - began


@pytest.mark.soak
def test_memory_does_not_grow_with_a_release_and_time_is_held_against_tar(tmp_path):
    rows, peaks = [], []
    for clips in (10_000, 30_000, 100_000):
        site = tmp_path / str(clips)
        site.mkdir()
        run("grow", site, clips, SECONDS)
        told = run("freeze", site, "release")
        plain = by_tar(site / "release", site)
        peaks.append(told["peak_mib"])
        rows.append(
            (
                clips,
                f"{told['peak_mib']:.0f}",
                f"{told['seconds']:.1f}",
                f"{told['processor_seconds']:.1f}",
                f"{plain:.1f}",
            )
        )
        rows[-1] = (*rows[-1], f"{told['seconds'] / plain:.1f}")
    table = markdown(("clips", "peak MiB", "seconds", "processor seconds", "seconds of tar", "ratio"), rows)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(table)
    log.warning("%s", table)

    assert max(peaks) <= GROWTH_MAX * min(peaks)
    assert run("freeze", site, "again")["digest"] == told["digest"]


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
