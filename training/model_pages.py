"""What anybody may read and download of the checkpoints that this site published, and verify for themselves.

A checkpoint that was retracted is told by name, with the reason; one that was delisted keeps its page and loses its
files. Candidates that were rejected and the seed head are nowhere here: the first has no row, the second no number.
"""

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from contributions import taxonomy
from contributions.api.sound import asked_range, pieces
from contributions.models import Release
from contributions.releasing import lineage
from contributions.views import words
from openempathic import storage
from openempathic.registry import champion
from openempathic.registry.manifests import BESIDE
from openempathic.registry.models import Checkpoint
from training.model_figures import figures_of

CHECKPOINTS_A_PAGE = 50
VERSION_LETTERS = 12
# These are shown; whatever else is downloaded, pages among them: no file of a checkpoint runs at this site's address.
SHOWN = {".json": "application/json", ".md": "text/plain; charset=utf-8"}


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The champion and those before it, the newest first; a retracted one by name, with the reason."""
    published = Checkpoint.objects.filter(status__in=champion.PUBLISHED).order_by("-number")
    page = Paginator(published, CHECKPOINTS_A_PAGE).get_page(request.GET.get("page"))
    withdrawn = lineage.withdrawn_by_release({each.release_digest for each in page})
    told = [(each, figures_of(each.evaluation).suggestions, withdrawn.get(each.release_digest, 0)) for each in page]
    return render(request, "models/list.html", {"page": page, "checkpoints": told})


@require_safe
def model(request: HttpRequest, version: str) -> HttpResponse:
    """One checkpoint: what it was measured at, what it was made from, what nobody may do with it, how to load it."""
    checkpoint = published(version)
    is_served = has_files(checkpoint)
    facts: dict[str, Any] = {"checkpoint": checkpoint, "is_served": is_served, "is_retracted": is_retracted(checkpoint)}
    if not is_retracted(checkpoint):
        address = settings.SITE_URL + reverse("model", args=[checkpoint.version])
        facts |= {
            "figures": figures_of(checkpoint.evaluation),
            "release": Release.objects.filter(digest=checkpoint.release_digest).first(),
            "withdrawn": lineage.withdrawn_heard_by(checkpoint),
            "restrictions": [(use.words[words.reading()], use.law) for use in taxonomy.prohibited_uses()],
            "address": address,
            "key_address": settings.SITE_URL + reverse("model-key"),
            "names": [*sorted(checkpoint.files), *BESIDE],
        }
    return render(request, "models/model.html", facts)


@require_safe
def model_file(request: HttpRequest, version: str, name: str) -> HttpResponseBase:
    """One file of the checkpoint, whole or the range asked for; 404 for what its manifest does not list."""
    checkpoint = published(version)
    if not has_files(checkpoint) or name not in (*checkpoint.files, *BESIDE):
        raise Http404
    return served(request, checkpoint, name)


def published(version: str) -> Checkpoint:
    """The published checkpoint of that version, short or whole; 404 for any other."""
    found = Checkpoint.objects.filter(status__in=champion.PUBLISHED, digest__startswith=version)
    checkpoint = found.order_by("number").first()
    if checkpoint is None or version not in (checkpoint.version, checkpoint.digest):
        raise Http404
    return checkpoint


def named(word: str) -> Checkpoint:
    """The published checkpoint that an operator names by its number or version; raises LookupError."""
    found = Checkpoint.objects.filter(status__in=champion.PUBLISHED)
    is_number = word.isdigit() and len(word) < VERSION_LETTERS
    mine = found.filter(number=int(word)) if is_number else found.filter(digest__startswith=word)
    checkpoint = mine.first()
    if checkpoint is None or not (is_number or len(word) >= VERSION_LETTERS):
        raise LookupError(f"No published checkpoint is called {word!r}.")
    return checkpoint


def is_retracted(checkpoint: Checkpoint) -> bool:
    """Whether it must never serve again."""
    return checkpoint.status == Checkpoint.Status.RETRACTED


def has_files(checkpoint: Checkpoint) -> bool:
    """Whether anybody may download it."""
    return not is_retracted(checkpoint) and checkpoint.delisted_at is None


def served(request: HttpRequest, checkpoint: Checkpoint, name: str) -> HttpResponseBase:
    """The stored bytes; a reader asks each time whether they are still to be had, and has them sent once."""
    key, etag = f"{checkpoint.prefix}/{name}", f'"{checkpoint.files.get(name, checkpoint.version)}"'
    try:
        byte_count = storage.stat(key).byte_count
    except storage.NotStored as missing:
        raise Http404 from missing
    asked = request.headers.get("Range", "")
    first, last = asked_range(asked, byte_count)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{byte_count}"})
    suffix = name[name.rfind(".") :]
    told = {"Accept-Ranges": "bytes", "Content-Length": str(last - first + 1), "ETag": etag}
    kind = SHOWN.get(suffix, "application/octet-stream")
    answer = StreamingHttpResponse(pieces(storage.open(key), first, last), content_type=kind, headers=told)
    if suffix not in SHOWN:
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    patch_cache_control(answer, no_cache=True)
    if asked:
        answer.status_code = 206
        answer.headers["Content-Range"] = f"bytes {first}-{last}/{byte_count}"
        return answer
    return get_conditional_response(request, etag=etag, response=answer) or answer  # type: ignore[arg-type]
