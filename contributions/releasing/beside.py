"""What lies beside a release for its readers: derived from its lines, written anew when lines leave, in no digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ReleaseFacts:
    """What is known of a release whose files lie in a folder, whether it is being frozen or has just lost clips."""

    kind: str
    digest: str
    manifest: Mapping[str, Any]
    # When it was frozen; None in a copy that somebody downloaded.
    frozen_at: datetime | None = None
    # The digest of the release of the same kind before it, where there is one.
    before: str | None = None
    # The keys that have left it since: the lines in the folder are already without them.
    gone: frozenset[str] = frozenset()


def write_beside(facts: ReleaseFacts, folder: Path) -> list[str]:
    """Write the derived files and return their names, relative to the folder.

    There lie `manifest.json`, `clips.jsonl` and `ratings.jsonl`, to be read line by line: a release is larger than
    memory. The same folder gives the same bytes. Called before the files are put, and after each rewriting.
    """
    from contributions.releasing import papers

    return papers.write(facts, folder)
