"""A remote object as a file that can be read and sought in; used through openempathic.storage only."""

import io
from collections.abc import Callable
from typing import Any


class Ranges(io.RawIOBase):
    """Read through `read_range(start, stop)`, whose every call is a request."""

    def __init__(self, read_range: Callable[[int, int], bytes], *, byte_count: int) -> None:
        self.read_range, self.byte_count = read_range, byte_count
        self.position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The next byte to be read."""
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Costs nothing until something is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.byte_count}[whence]
        if base + offset < 0:
            raise ValueError("cannot seek before the start")
        self.position = base + offset
        return self.position

    def readinto(self, buffer: Any) -> int:
        """One request for as much as fits."""
        stop = min(self.position + len(buffer), self.byte_count)
        if stop <= self.position:
            return 0
        part = self.read_range(self.position, stop)
        buffer[: len(part)] = part
        self.position += len(part)
        return len(part)

    def readall(self) -> bytes:
        """The rest in one request, where Python's own would send one for every 8 KiB."""
        rest = bytearray(max(self.byte_count - self.position, 0))
        return bytes(rest[: self.readinto(rest)])
