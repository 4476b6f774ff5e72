"""The embedded broker: kombu's broker in files, with whole files only, whoever is killed while they are written.

Kombu opens a message's file under its final name and then writes it, so a worker that looks in between reads nothing
and ends; one killed in between leaves an exchange that can never be read again. Here a name appears with its content.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

UNFINISHED = ".unfinished-"


def use() -> None:
    """Let `filesystem://` name this broker in this process."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"


class Channel(filesystem.Channel):
    """Messages as files `<when>_<id>.<queue>.msg`, exchanges as files `<name>.exchange`; each complete or not there."""

    # Kombu's two supertypes disagree about the second name.
    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:  # type: ignore[override]
        _write_whole(Path(self.data_folder_out) / f"{time_ns():020}_{uuid4()}.{queue}.msg", payload)

    def _get(self, queue: str, timeout: Any = None) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(name for name in os.listdir(folder) if name.partition(".")[2] == f"{queue}.msg"):
            # The one who renames it has it; a name that starts with a dot is nobody's to take.
            taken = folder / f"{UNFINISHED}{uuid4()}"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue
            payload = taken.read_bytes()
            taken.unlink()
            return loads(payload)
        raise Empty

    def get_table(self, exchange: str) -> list[filesystem.exchange_queue_t]:
        """Answer the queues bound to the exchange; none where nobody has bound one."""
        try:
            table = loads(self._exchange_file(exchange).read_bytes())
        except FileNotFoundError:
            return []
        return [filesystem.exchange_queue_t(*bound) for bound in table]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._alone():
            table = self.get_table(exchange)
            if bound not in table:
                _write_whole(self._exchange_file(exchange), [bound, *table])

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *_args: Any, **_kwargs: Any) -> None:
        self._purge(queue)
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._alone():
            table = self.get_table(exchange)
            if bound in table:
                _write_whole(self._exchange_file(exchange), [other for other in table if other != bound])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the exchanges: what is read and written in here, no other process writes in between."""
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with (self.control_folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """Kombu's transport in files with the channel above."""

    Channel = Channel


def _write_whole(to: Path, payload: Any) -> None:
    unfinished = to.with_name(f"{UNFINISHED}{uuid4()}")
    try:
        unfinished.write_text(dumps(payload))
        os.replace(unfinished, to)
    finally:
        unfinished.unlink(missing_ok=True)
