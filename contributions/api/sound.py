"""The only way to a clip's sound: through somebody who may hear it."""

import re
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contributions.consenting.voices import voices_of
from contributions.models import Clip
from contributions.models.clip import ClipQuerySet
from contributions.permissions import audible_to
from contributions.views.doors import voice_required
from openempathic import storage
from openempathic.accounts import second_factor

PIECE_BYTES = 64 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


@require_safe
@never_cache
@voice_required
def audio(request: HttpRequest, clip_id: UUID) -> HttpResponseBase:
    """The clip's archive as FLAC, whole or the one range asked for."""
    clip = get_object_or_404(heard_by(request), pk=clip_id)
    return served(clip, request.headers.get("Range", ""))


@require_safe
@never_cache
@voice_required
def peaks(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """The outline of the clip's waveform: a JSON list of numbers from 0 to 1."""
    clip = get_object_or_404(heard_by(request), pk=clip_id)
    try:
        return HttpResponse(storage.read(clip.peaks), content_type="application/json")
    except storage.NotStored as missing:
        raise Http404 from missing


@require_safe
@never_cache
@voice_required
def spectrogram(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """The picture of the clip's tones, for whoever may hear it."""
    clip = get_object_or_404(heard_by(request), pk=clip_id)
    try:
        return HttpResponse(storage.read(clip.spectrogram), content_type="image/png")
    except storage.NotStored as missing:
        raise Http404 from missing


def heard_by(request: HttpRequest) -> ClipQuerySet:
    """The clips that this session may hear: without a second factor that its person owes, no voice but their own."""
    voices = voices_of(request)
    return Clip.objects.live().of(voices) if second_factor.is_owed(request) else audible_to(request.user, voices)


def served(clip: Clip, range_header: str) -> HttpResponseBase:
    """The clip's archive, whole or the one range asked for; whoever calls has seen to who may hear it."""
    byte_count = archive_size(clip)
    first, last = asked_range(range_header, byte_count)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{byte_count}"})
    body = pieces(storage.open(clip.archive), first, last)
    described = {"Accept-Ranges": "bytes", "Content-Length": str(last - first + 1)}
    response = StreamingHttpResponse(body, content_type="audio/flac", headers=described)
    if range_header:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {first}-{last}/{byte_count}"
    return response


def archive_size(clip: Clip) -> int:
    """How many bytes the archive has; 404 while there is none."""
    try:
        return storage.stat(clip.archive).byte_count
    except storage.NotStored as missing:
        raise Http404 from missing


def asked_range(header: str, byte_count: int) -> tuple[int, int]:
    """First and last byte asked for; all of them where the header asks for nothing we serve (RFC 9110, 14.2)."""
    found = RANGE.match(header)
    if found is None or not any(found.groups()):
        return 0, byte_count - 1
    first, last = found.groups()
    if not first:
        return max(0, byte_count - int(last)), byte_count - 1
    return int(first), min(int(last) if last else byte_count - 1, byte_count - 1)


def pieces(file: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    """The bytes from first to last, a piece at a time."""
    with file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (piece := file.read(min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
