"""Where a process and its children count: files that each child writes for itself and any web process adds up.

prometheus-client decides where as it is imported, and gunicorn imports us before it tells that it starts; so
`count_as` decides anew, for all that is counted from then on. It belongs before the children are made.
"""

import os
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

from prometheus_client import values

from openempathic.metrics import FOLDER, folder_of

# Where prometheus-client finds the folder.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# A container's name is never used again: what nobody has written to for so long, nobody will.
FORGOTTEN_AFTER_SECONDS = 7 * 24 * 3600


def count_as(process: str, *, var: Path) -> None:
    """Begin to count under this name, from nothing; `web` and `worker-screening` get the machine's name behind them."""
    folder = folder_of(f"{process}@{socket.gethostname()}", var=var)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    forget_old(var / FOLDER)
    os.environ[VARIABLE] = str(folder)
    values.ValueClass = values.MultiProcessValue()


def forget_old(parent: Path) -> None:
    """Remove the folders of processes that are long gone."""
    for folder in parent.iterdir():
        with suppress(OSError):
            newest = max((file.stat().st_mtime for file in (folder, *folder.iterdir())), default=0.0)
            if time.time() - newest > FORGOTTEN_AFTER_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def counted_files(*, var: Path) -> list[str]:
    """What this machine's web and every worker that shares our folder have counted."""
    here = os.environ.get(VARIABLE, "")
    folders = [Path(here)] if here else []
    folders += sorted((var / FOLDER).glob("worker*"))
    return [str(file) for folder in dict.fromkeys(folders) for file in sorted(folder.glob("*.db"))]
