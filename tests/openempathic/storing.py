"""What the tests of both stores share: a take, a source that cannot be rewound, and a race."""

import hashlib
import io
import threading

from openempathic import storage

TAKE = bytes(range(256)) * 20_000  # some 5 MB: several chunks and ranges
TAKE_SHA256 = hashlib.sha256(TAKE).hexdigest()
ORIGINAL = "clips/6f1c/original"


class Pipe(io.RawIOBase):
    """A source that cannot be rewound."""

    def __init__(self, content: bytes) -> None:
        self.rest = content

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        part, self.rest = self.rest[:size], self.rest[size:]
        return part


def race(act, *, count: int = 16) -> dict[int, object]:
    """Let all threads go at once; what each of them got, or raised."""
    outcomes, barrier = {}, threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            outcomes[number] = act(number)
        except storage.StorageError as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
