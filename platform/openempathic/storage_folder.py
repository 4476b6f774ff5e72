"""Objects as files below one local folder; used through openempathic.storage only."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from openempathic import durable
from openempathic.storage_objects import (
    AlreadyStored,
    BadKey,
    NoSignedAddress,
    NotStored,
    StorageUnreachable,
    Stored,
    check_digest,
    disk_errors,
    pieces,
    verified,
)


class Folder:
    """Objects as files below one local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, source: BinaryIO, *, sha256: str | None, if_absent: bool) -> Stored:
        """Write beside, sync, and rename or link."""
        path = self.root / key
        with disk_errors(key):
            try:
                self._make_room(path)
                byte_count, digest = durable.place(
                    pieces(source),
                    path,
                    root=self.root,
                    if_absent=if_absent,
                    check=lambda digest: check_digest(key, actual=digest, expected=sha256),
                )
            except FileExistsError as error:
                raise AlreadyStored(f"{key} is already stored.") from error
        return Stored(key, byte_count, digest)

    def open(self, key: str) -> BinaryIO:
        """The file itself."""
        with _missing_files(key):
            return (self.root / key).open("rb")

    def chunks(self, key: str, *, sha256: str | None) -> Iterator[bytes]:
        """The bytes in order, checked where a digest is given."""
        with self.open(key) as file, disk_errors(key):
            yield from verified(pieces(file), key=key, expected=sha256)

    def stat(self, key: str) -> Stored:
        """The size of the file."""
        with self.open(key) as file:
            return Stored(key, os.fstat(file.fileno()).st_size)

    def keys(self, prefix: str) -> Iterator[str]:
        """The files' names, in the order a bucket lists."""
        return (key for key in self._files(prefix) if durable.UNFINISHED not in key)

    def erase(self, prefix: str) -> int:
        """Unlink the files, also those of writers that died, and remove the folders that this emptied."""
        with disk_errors(prefix):
            names = list(self._files(prefix))
            for key in names:
                (self.root / key).unlink(missing_ok=True)
            for folder in {(self.root / key).parent for key in names}:
                self._tidy(folder)
        return sum(durable.UNFINISHED not in key for key in names)

    def signed_url(self, key: str, *, seconds: int) -> str:
        """Refused: the site itself streams from a local folder, to whom it may."""
        raise NoSignedAddress(f"{key} lies in a local folder, which has no address of its own: stream it with open().")

    def _make_room(self, path: Path) -> None:
        try:
            durable.make_folder(path.parent, root=self.root)
        except (FileExistsError, NotADirectoryError) as error:
            raise BadKey(f"{path.relative_to(self.root)} runs through a key that is itself an object.") from error

    def _files(self, prefix: str) -> Iterator[str]:
        folder = prefix.rpartition("/")[0]
        return (key for key in self._walk(f"{folder}/" if folder else "") if key.startswith(prefix))

    def _walk(self, folder: str) -> Iterator[str]:
        """Every file below, sorted as whole keys: a folder's name sorts with its slash."""
        try:
            with os.scandir(self.root / folder) as entries:
                names = sorted(entry.name + "/" * entry.is_dir(follow_symlinks=False) for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            if name.endswith("/"):
                yield from self._walk(folder + name)
            else:
                yield folder + name

    def _tidy(self, folder: Path) -> None:
        """Remove the folder and those above it while they are empty, then make that durable."""
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                    raise
                if folder.exists():
                    break
            folder = folder.parent
        durable.sync_folder(folder)


@contextmanager
def _missing_files(key: str) -> Iterator[None]:
    """Say that a key is not stored where there is no such file."""
    try:
        with disk_errors(key):
            yield
    except StorageUnreachable as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError | IsADirectoryError):
            raise NotStored(f"{key} is not stored.") from None
        raise
