"""Reading what an upload says of itself from its headers."""

import base64
import binascii
import json
import re
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop

from contributions.intake import Announced, BrokenOff, Empty, NotAccepted

CAPTURE_BYTES_MAX = 4096
DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
MEDIA_TYPES = ("audio/", "video/webm", "video/mp4", "application/ogg", "application/octet-stream")


class Malformed(NotAccepted):
    code, status = "malformed", 400
    text = gettext_noop("The upload does not say what it is: its headers are missing or damaged.")


class NotSound(NotAccepted):
    code, status = "not_sound", 415
    text = gettext_noop("This is not a sound file.")


class FromNetwork:
    """The body of a request as it comes in; raises BrokenOff where the sender breaks off or is too slow."""

    def __init__(self, request: HttpRequest) -> None:
        # Django reads nothing where no length is announced; the server tells where chunks end.
        is_chunked = "Content-Length" not in request.headers and request.META.get("wsgi.input_terminated")
        self.stream: Any = request.META["wsgi.input"] if is_chunked else request

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""
        try:
            return bytes(self.stream.read(size))
        except Exception as broken:  # A lost connection, or chunks that are none: the server's own exceptions.
            raise BrokenOff from broken


def announced(request: HttpRequest) -> Announced:
    """The headers of an upload as one value; raises Empty, Malformed or NotSound."""
    # An empty body may come without a type: say what is wrong first.
    if byte_count(request) == 0:
        raise Empty
    media_type = request.headers.get("Content-Type", "")
    if not media_type.startswith(MEDIA_TYPES) or len(media_type) > 80:
        raise NotSound
    return Announced(
        sha256=digest(request.headers.get("Content-Digest", "")),
        media_type=media_type,
        language=request.headers.get("X-Clip-Language", ""),
        prompt_id=request.headers.get("X-Clip-Prompt") or None,
        byte_count=byte_count(request),
        style=request.headers.get("X-Clip-Style", ""),
        capture=capture(request.headers.get("X-Clip-Capture", "")),
    )


def digest(header: str) -> str:
    """The hexadecimal sha256 that a Content-Digest header (RFC 9530) gives in base64."""
    found = DIGEST.search(header)
    if found is None:
        raise Malformed
    return base64.b64decode(found[1]).hex()


def byte_count(request: HttpRequest) -> int | None:
    """The announced length; None when the body comes in chunks."""
    length = request.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def capture(header: str) -> dict[str, Any]:
    """What the browser said of its microphone: base64url JSON, an object of plain values."""
    if not header:
        return {}
    if len(header) > CAPTURE_BYTES_MAX:
        raise Malformed
    try:
        said = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError) as unreadable:
        raise Malformed from unreadable
    if not isinstance(said, dict):
        raise Malformed
    # deviceId and groupId tell a person's devices apart: we do not want to know.
    return {key: x for key, x in said.items() if is_plain(x) and key not in ("deviceId", "groupId")}


def is_plain(x: Any) -> bool:
    """Whether a value is one that getSettings() could have said."""
    return x is None or isinstance(x, bool | int | float) or (isinstance(x, str) and len(x) <= 120)
