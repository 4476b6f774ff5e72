"""A release's file to somebody who may have it: from the store itself where it can be reached, else through us."""

import mimetypes

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import quote_etag

from contributions.api.sound import asked_range, pieces
from openempathic import storage

# An address of the store opens to whoever has it: long enough to begin a download, and no longer.
SIGNED_SECONDS = 300
OWN_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".jsonl": "application/jsonlines",
    ".tar": "application/x-tar",
}
JSON_LD = "croissant.json"


def served(key: str, *, name: str, range_header: str, if_range: str, sha256: str) -> HttpResponseBase:
    """The object whole, or the one range asked for; whoever calls has seen to who may have it. 404 where it is gone."""
    try:
        byte_count = storage.stat(key).byte_count
    except storage.NotStored as missing:
        raise Http404 from missing
    if settings.SIGNED_DOWNLOADS:
        try:
            return HttpResponseRedirect(storage.signed_url(key, seconds=SIGNED_SECONDS))
        except storage.NoSignedAddress:
            pass
    # A shard that was rewritten has another size, so that half of the old one is never joined to half of the new.
    tag = quote_etag(f"{sha256[:32]}-{byte_count}")
    if if_range and if_range != tag:
        range_header = ""
    first, last = asked_range(range_header, byte_count)
    if first > last and byte_count:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{byte_count}"})
    described = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(last - first + 1),
        "Content-Disposition": f'attachment; filename="{name.rpartition("/")[2]}"',
        "ETag": tag,
    }
    response = StreamingHttpResponse(
        pieces(storage.open(key), first, last), content_type=media_type_of(name), headers=described
    )
    if range_header and (first, last) != (0, byte_count - 1):
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {first}-{last}/{byte_count}"
    return response


def media_type_of(name: str) -> str:
    """What the file is, by its name."""
    if name == JSON_LD:
        return "application/ld+json"
    own = next((said for ending, said in OWN_TYPES.items() if name.endswith(ending)), None)
    return own or mimetypes.guess_type(name)[0] or "application/octet-stream"
