"""What adapters need of a folder: its sound files, and what is odd about them, in words."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.corpora.labelled import IncompleteCorpus, LabelledClip, NoCorpus

# Corpora travel re-encoded; the names of their files stay.
EXTENSIONS = (".wav", ".flac", ".opus", ".ogg", ".mp3", ".m4a", ".webm")
NAMED_AT_MOST = 5


def sounds(folder: Path) -> list[Path]:
    """Every sound file under the folder, hidden ones aside, in the order of their paths."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS and path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def sounds_in(root: Path, *folders: str, corpus: str) -> list[Path]:
    """The sound files of the first of these folders that has any, "" being the root itself; raises NoCorpus."""
    if not root.is_dir():
        raise NoCorpus(f"{corpus}: there is no folder {root}")
    for name in folders:
        if (root / name).is_dir() and (found := sounds(root / name)):
            return found
    wanted = " or ".join(f"{root.name}/{name}" if name else root.name for name in folders)
    raise NoCorpus(f"{corpus}: no sound files under {wanted}")


def checked(
    clips: Sequence[LabelledClip], *, corpus: str, expected: int, strangers: Iterable[Path], pattern: str
) -> list[LabelledClip]:
    """The clips by key; warns with IncompleteCorpus of files that are no clips, and when clips are missing.

    Raises NoCorpus when no file was a clip, or two files claim to be the same one.
    """
    strange = sorted(path.name for path in strangers)
    if not clips:
        raise NoCorpus(f"{corpus}: none of {len(strange)} sound files is named like {pattern}: {_some(strange)}")
    paths: dict[str, Path] = {}
    for clip in clips:
        if clip.key in paths:
            raise NoCorpus(f"{corpus}: {clip.path} and {paths[clip.key]} are the same clip")
        paths[clip.key] = clip.path
    if strange:
        warn(f"{corpus}: {len(strange)} sound files are not named like {pattern}, and left out: {_some(strange)}")
    if len(clips) < expected:
        warn(f"{corpus}: {len(clips)} clips are here; {expected} are published")
    return sorted(clips, key=lambda clip: clip.key)


def warn(message: str) -> None:
    """Say it as an IncompleteCorpus."""
    warnings.warn(message, IncompleteCorpus, stacklevel=2)


def table(path: Path, *, columns: Iterable[str], corpus: str, delimiter: str = "\t") -> list[dict[str, str]]:
    """The rows of a table with a header; raises NoCorpus when it is not there or lacks a column."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            if missing := sorted(set(columns) - set(reader.fieldnames or ())):
                raise NoCorpus(f"{corpus}: {path.name} lacks the columns {', '.join(missing)}")
            return list(reader)
    except FileNotFoundError:
        raise NoCorpus(f"{corpus}: there is no {path.name} in {path.parent}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NoCorpus(f"{corpus}: {path} cannot be read: {error}") from error


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED_AT_MOST]) + (" ..." if len(names) > NAMED_AT_MOST else "")
