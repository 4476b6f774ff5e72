"""An end to mail at one click: the page's button, or the mail program's own, which sends no cookie (RFC 8058)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from contributions.unsubscribing import NotOurs

End = Callable[[], Any]


def ends_mail(template: str) -> Callable[[Callable[[str], End]], Callable[..., HttpResponse]]:
    """Make the page of one kind of mail from what finds, for the link's word, the act that ends it, or raises NotOurs.

    A visit alone changes nothing, since programs that look for viruses follow every link.
    """

    def page(end_of: Callable[[str], End]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @never_cache
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(end_of)
        def answer(request: HttpRequest, word: str) -> HttpResponse:
            try:
                end = end_of(word)
            except NotOurs as fault:
                raise Http404 from fault
            if request.POST.get("List-Unsubscribe") == "One-Click":
                return ended(request, end, template)
            return asked(request, end, template)

        return answer

    return page


@csrf_protect
def asked(request: HttpRequest, end: End, template: str) -> HttpResponse:
    """The question at a visit, the act at our own page's button."""
    if request.method == "POST":
        return ended(request, end, template)
    return render(request, template, {"is_over": False})


def ended(request: HttpRequest, end: End, template: str) -> HttpResponse:
    """From now on we write no more."""
    end()
    return render(request, template, {"is_over": True})
