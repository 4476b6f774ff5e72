"""The page where anybody tries CLARA on a clip of their own: nothing of it is kept, neither in a file nor in a log."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from contributions import taxonomy
from contributions.microphone_help import PROBLEMS
from contributions.taxonomy import restrictions
from contributions.trying import asking
from contributions.trying.asking import Heard, Said
from contributions.trying.refusals import NotHeard, NothingChosen, TooLarge
from contributions.views import words
from openempathic.registry.champion import suggester

QUERIES_MAX, QUERY_LETTERS_MAX = 5, 120
# What a form adds to the sound that it carries.
FORM_BYTES = 64 * 1024


@dataclass(frozen=True)
class Bar:
    """One line of the picture: what it is called, and its share of a hundred."""

    name: str
    label: str
    percent: float


class InMemory(MemoryFileUploadHandler):
    """Takes the sound into memory only: Django would write what is large into a file."""

    def handle_raw_input(self, *_input: Any, **_named: Any) -> None:
        """Every length is ours: the view has looked at it."""
        self.activated = True


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def try_clara(request: HttpRequest) -> HttpResponse:
    """The form, and behind it what CLARA hears; a clip that will not be heard is refused before it is read."""
    if not settings.TRY_PAGE:
        raise Http404
    if request.method != "POST":
        return page(request)
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.UPLOAD_BYTES_MAX + FORM_BYTES:
            raise TooLarge
        # A form without our cookie is another site's: it is refused below, unread.
        if request.META.get("CSRF_COOKIE"):
            asking.knock(visitor=visitor(request))
    except NotHeard as refusal:
        return page(request, refusal=refusal)
    request.upload_handlers = [InMemory(request)]
    return answered(request)


# Here and not by the middleware, which would read the sound before anybody has looked at its length.
@csrf_protect
def answered(request: HttpRequest) -> HttpResponse:
    """The page with what CLARA heard, or with why it did not."""
    queries = asked(request)
    try:
        heard = asking.hear(sound_of(request), queries=queries, visitor=visitor(request))
    except NotHeard as refusal:
        return page(request, queries=queries, refusal=refusal)
    return page(request, queries=queries, heard=heard)


def page(
    request: HttpRequest, *, queries: list[str] | None = None, heard: Heard | None = None, refusal: Any = None
) -> HttpResponse:
    """The page with the form, and with a result or a refusal where there is one."""
    queries = queries or []
    shown = {
        "model": suggester(),
        "longest_seconds": settings.LONGEST_SECONDS,
        "bytes_max": settings.UPLOAD_BYTES_MAX,
        "problems": PROBLEMS,
        "fields": list(zip_longest(queries + [""] * (QUERIES_MAX - len(queries)), examples(), fillvalue="")),
        "letters_max": QUERY_LETTERS_MAX,
        "prohibited": prohibited(),
        "refusal": refusal,
        "heard": heard,
    }
    if heard:
        shown |= {
            "sure": words.feeling(heard.sure).label if heard.sure else "",
            "emotions": list(bars(heard.emotions, are_feelings=True)),
            "queries": list(bars(heard.queries)),
            "lone": list(lone(queries, heard)),
        }
    return render(request, "try/try.html", shown, status=refusal.status if refusal else 200)


def bars(said: list[Said], *, are_feelings: bool = False) -> Iterator[Bar]:
    """Each with its label; emotions have names in the reader's language, where we know them."""
    for each in said:
        is_known = are_feelings and each.text in {emotion.name for emotion in taxonomy.emotions()}
        label = words.feeling(each.text).label if is_known else each.text
        yield Bar(name=each.text if is_known else "", label=label, percent=100 * each.probability)


def lone(queries: list[str], heard: Heard) -> Iterator[Bar]:
    """The one description, by how many of the sentences that CLARA knows feelings by it is nearer to the clip than."""
    if heard.nearer_than is not None:
        yield Bar(name="", label=queries[0], percent=100 * heard.nearer_than)


def examples() -> list[str]:
    """What somebody could ask."""
    return [_("a tired voice"), _("somebody about to laugh"), _("a calm teacher")]


def prohibited() -> dict[str, Any]:
    """What nobody may do with what they learn here, in the reader's language or else in English."""
    tag = words.reading() if words.reading() in restrictions.TITLES else taxonomy.SOURCE_LANGUAGE
    return {"title": restrictions.TITLES[tag], "uses": [use.words[tag] for use in taxonomy.prohibited_uses()]}


def asked(request: HttpRequest) -> list[str]:
    """The visitor's words, each once."""
    texts = [text.strip()[:QUERY_LETTERS_MAX] for text in request.POST.getlist("query")]
    return list(dict.fromkeys(text for text in texts if text))[:QUERIES_MAX]


def sound_of(request: HttpRequest) -> bytes:
    """The bytes of the clip; raises NothingChosen or TooLarge."""
    file = request.FILES.get("sound")
    if file is None or not file.size:
        raise NothingChosen
    if file.size > settings.UPLOAD_BYTES_MAX:
        raise TooLarge
    content: bytes = file.read()
    return content


def visitor(request: HttpRequest) -> str:
    """A name for this browser that only counts its tries: of its session, or of the form's own cookie."""
    told = request.session.session_key or request.META.get("CSRF_COOKIE") or ""
    return salted_hmac("openempathic.try", told).hexdigest()
