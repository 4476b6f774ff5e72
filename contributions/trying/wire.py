"""How a page and the ear speak: each connection a request and an answer in a line of JSON, a sound behind the request.

By default they meet at a unix socket in OE_VAR that only the site's own account may open. OE_EAR=HOST:PORT puts TCP in
its place, which knows no password: it belongs on an inner network.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

LINE_BYTES_MAX = 64 * 1024
# A unix address is no longer than this, wherever the folder lies.
PATH_BYTES_MAX = 100


class NotUnderstood(Exception):
    """The other side ended early, or did not send what was agreed."""


def where() -> Path | tuple[str, int]:
    """The ear's address: the socket's path, or host and port."""
    if not settings.EAR:
        return Path(settings.VAR) / "ear.sock"
    host, _colon, port = settings.EAR.rpartition(":")
    return host.strip("[]"), int(port)


def connected(timeout_seconds: float) -> socket.socket:
    """A connection to the ear; raises OSError where nobody listens."""
    place = where()
    if isinstance(place, tuple):
        return socket.create_connection(place, timeout=timeout_seconds)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(timeout_seconds)
        with named(place) as name:
            line.connect(name)
    except BaseException:
        line.close()
        raise
    return line


@contextmanager
def named(path: Path) -> Iterator[str]:
    """A name for the socket's path that is short enough for the kernel."""
    if len(os.fsencode(path)) < PATH_BYTES_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def send(line: socket.socket, told: dict[str, Any], sound: bytes = b"") -> None:
    """One message."""
    line.sendall(json.dumps({**told, "byte_count": len(sound)}).encode() + b"\n")
    line.sendall(sound)


def receive(line: socket.socket, *, bytes_max: int = 0) -> tuple[dict[str, Any], bytes]:
    """One message and the sound behind it; raises NotUnderstood, or OSError when the wait is too long."""
    with line.makefile("rb") as reader:
        head = reader.readline(LINE_BYTES_MAX)
        try:
            told = json.loads(head)
            byte_count = int(told.pop("byte_count"))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise NotUnderstood from fault
        if not 0 <= byte_count <= bytes_max:
            raise NotUnderstood
        sound = reader.read(byte_count)
    if len(sound) < byte_count:
        raise NotUnderstood
    return told, sound
