"""Objects as files below one local folder; used through openempathic.storage only."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from openempathic import durable
from openempathic.storage.objects import (
    AlreadyStored,
    BadKey,
    Listed,
    NoSignedAddress,
    NotStored,
    StorageUnreachable,
    Stored,
    check_digest,
    disk_errors,
    pieces,
    verified,
)

# Erasing is rare and quick, so losing to it this often in a row means something else is wrong.
RACES_WITH_ERASE = 50
PAUSE_SECONDS = 0.001


class Folder:
    """Objects as files below one local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, source: BinaryIO, *, sha256: str | None, if_absent: bool) -> Stored:
        """Write beside, sync, and rename or link."""
        for race in range(RACES_WITH_ERASE):
            # An eraser that loops as fast as we do could win every time: step aside for longer and longer.
            time.sleep(race * PAUSE_SECONDS)
            source.seek(0)
            # An erase() of the same prefix may take the folder from under us: then once more.
            with disk_errors(key), suppress(FileNotFoundError):
                return self._write(key, source, sha256=sha256, if_absent=if_absent)
        raise StorageUnreachable(f"The folder of {key} vanishes again and again.")

    def adopt(self, key: str, path: Path, *, sha256: str) -> Stored:
        """Give the file a second name here where both are on one disk, else copy it."""
        to, device = self.root / key, path.stat().st_dev
        for race in range(RACES_WITH_ERASE):
            time.sleep(race * PAUSE_SECONDS)
            # As in put(): an erase() may take the folder from under us.
            with disk_errors(key), suppress(FileNotFoundError):
                self._make_room(to)
                if to.parent.stat().st_dev != device:
                    break
                durable.link(path, to, root=self.root)
                return Stored(key, path.stat().st_size, sha256)
        with path.open("rb") as file:
            return self.put(key, file, sha256=sha256, if_absent=False)

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
        """The names of the finished files."""
        return (key for key in self._files(prefix) if durable.UNFINISHED not in key)

    def listed(self, prefix: str) -> Iterator[Listed]:
        """The finished files with their sizes; every write makes a new file, which tells the versions apart."""
        for key in self.keys(prefix):
            with suppress(FileNotFoundError):
                about = (self.root / key).stat()
                yield Listed(key, about.st_size, f"{about.st_mtime_ns}-{about.st_ino}")

    def ages(self, prefix: str) -> Iterator[tuple[str, float]]:
        """The time since the finished files were written."""
        for key in self.keys(prefix):
            if (age := self._age(key)) is not None:
                yield key, age

    def erase(self, prefix: str) -> int:
        """Unlink the files, also those of writers that died, and remove the folders that this emptied."""
        with disk_errors(prefix):
            names = list(self._files(prefix))
            for key in names:
                (self.root / key).unlink(missing_ok=True)
            for folder in {(self.root / key).parent for key in names}:
                self._tidy(folder)
        return sum(durable.UNFINISHED not in key for key in names)

    def erase_unfinished(self, prefix: str, *, older_than_seconds: float) -> None:
        """Unlink the files of writers that died, and folders that are left empty by them.

        A writer that lives finds its file, or folder, gone and writes once more.
        """
        with disk_errors(prefix):
            for key in [key for key in self._files(prefix) if durable.UNFINISHED in key]:
                age = self._age(key)
                if age is not None and age >= older_than_seconds:
                    (self.root / key).unlink(missing_ok=True)
                    self._tidy((self.root / key).parent)

    def signed_url(self, key: str, *, seconds: int) -> str:
        """Refused: the site itself streams from a local folder, to whom it may."""
        raise NoSignedAddress(f"{key} lies in a local folder, which has no address of its own: stream it with open().")

    def _age(self, key: str) -> float | None:
        """Seconds since the file was last written, None once it is gone."""
        try:
            return time.time() - (self.root / key).stat().st_mtime
        except FileNotFoundError:
            return None

    def _write(self, key: str, source: BinaryIO, *, sha256: str | None, if_absent: bool) -> Stored:
        path = self.root / key
        self._make_room(path)
        try:
            byte_count, digest = durable.place(
                pieces(source),
                path,
                root=self.root,
                if_absent=if_absent,
                check=lambda digest: check_digest(key, actual=digest, expected=sha256),
            )
        except FileExistsError as error:
            raise AlreadyStored(f"{key} is already stored.") from error
        except IsADirectoryError as error:
            raise BadKey(f"{key} is a folder of other keys.") from error
        return Stored(key, byte_count, digest)

    def _make_room(self, path: Path) -> None:
        try:
            durable.make_folder(path.parent, root=self.root)
        except (FileExistsError, NotADirectoryError) as error:
            if any(parent.is_file() for parent in path.parents):
                raise BadKey(f"{path.relative_to(self.root)} runs through a key that is itself an object.") from error
            # mkdir met a folder that an erase() removed before mkdir had looked what it was.
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error

    def _files(self, prefix: str) -> Iterator[str]:
        """Every file below the folder that the prefix names, unfinished ones included."""
        for folder, _, names in os.walk(self.root / prefix.rpartition("/")[0]):
            for name in names:
                key = (Path(folder) / name).relative_to(self.root).as_posix()
                if key.startswith(prefix):
                    yield key

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
