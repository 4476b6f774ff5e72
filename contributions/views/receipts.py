"""A contributor's receipt: to read and print, and to keep as a file."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contributions.consenting import receipts
from contributions.forms.contributing import as_part
from contributions.models import ConsentEvent
from contributions.views.doors import named_voice, voice_required


@voice_required
@never_cache
@require_safe
def receipt(request: HttpRequest) -> HttpResponse:
    """What the person allows, on a page that prints well; whoever has not answered is asked first."""
    contributor = named_voice(request)
    try:
        document = receipts.receipt(contributor, at=timezone.now())
    except receipts.NoConsentYet:
        return redirect("consent")
    answers = [described(event) for event in receipts.standing(contributor)]
    return render(request, "contribute/receipt.html", {"receipt": document, "answers": answers})


def described(event: ConsentEvent) -> dict[str, Any]:
    """One answer as a person reads it, with the words that were shown."""
    return {
        "event": event,
        "purpose": event.get_purpose_display(),
        "is_given": event.kind == ConsentEvent.Kind.GIVEN,
        "words": as_part(event.text.body) if event.text else "",
    }


@voice_required
@never_cache
@require_safe
def receipt_json(request: HttpRequest) -> HttpResponse:
    """The same as a signed file."""
    try:
        document = receipts.receipt(named_voice(request), at=timezone.now())
    except receipts.NoConsentYet as nothing:
        raise Http404(str(nothing)) from None
    kept_as = f'attachment; filename="{receipts.FILE_NAME}"'
    return HttpResponse(
        receipts.as_json(document), content_type="application/json", headers={"Content-Disposition": kept_as}
    )
