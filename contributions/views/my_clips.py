"""A contributor's own clips: how each fares, and one click to take it back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from contributions import withdrawal
from contributions.api.views import reason_given
from contributions.models import Clip
from contributions.views import words

CLIPS_A_PAGE = 25
S = Clip.Status
IN_WORDS = {
    S.STORED: gettext_lazy("Waiting to be checked"),
    S.IN_REVIEW: gettext_lazy("Waiting for a listener"),
    S.UNUSABLE: gettext_lazy("Cannot be used"),
    S.QUARANTINED: gettext_lazy("Set aside for a moderator"),
    S.ACCEPTED: gettext_lazy("Accepted"),
    S.REJECTED: gettext_lazy("Not accepted"),
    S.DISPUTED: gettext_lazy("Listeners disagree; a moderator decides"),
    S.WITHDRAWN: gettext_lazy("Withdrawn; its sound is being erased"),
    S.PURGED: gettext_lazy("Withdrawn; its sound is erased"),
}


@login_required
@never_cache
@require_safe
def my_clips(request: HttpRequest) -> HttpResponse:
    """The person's clips, newest first."""
    page = Paginator(Clip.objects.of(request.user).order_by("-stored_at"), CLIPS_A_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "contribute/my_clips.html", {"page": page, "clips": [described(clip) for clip in page]})


def described(clip: Clip) -> dict[str, Any]:
    """A clip as its speaker reads of it."""
    return {
        "clip": clip,
        "status": IN_WORDS[S(clip.status)],
        "reason": reason_given(clip),
        "feeling": words.feeling(clip.intended_emotion) if clip.intended_emotion else None,
        "is_live": clip.status not in (S.WITHDRAWN, S.PURGED),
        "is_audible": clip.duration_seconds is not None and clip.status not in (S.UNUSABLE, S.WITHDRAWN, S.PURGED),
    }


@login_required
@require_POST
def take_back(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """Withdraw one of the person's clips."""
    withdrawal.withdraw(get_object_or_404(Clip.objects.of(request.user), pk=clip_id), by=request.user)
    messages.success(request, _("The clip is withdrawn. Nobody hears it any more, and its sound is being erased."))
    return redirect("my-clips")
