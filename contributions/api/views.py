"""The API of a clip: put it there, ask how it is."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contributions.api.announcement import announced
from contributions.intake import NotAccepted, intake
from contributions.models import Clip
from contributions.taxonomy import reasons
from contributions.voices import voices_of

IN_MOTION = (Clip.Status.STORED,)


class ClipView(APIView):
    """`PUT` makes a clip durable under the id its sender made; `GET` tells its sender how it fares."""

    def put(self, request: Request, clip_id: UUID) -> Response:
        """201 when the clip is durable, 200 when an earlier try of the same upload had made it so."""
        body: HttpRequest = request._request
        voice = voices_of(request)[0]
        try:
            receipt = intake(
                clip_id,
                contributor=voice,
                body=body,
                announced=announced(body),
                by=voice.actor,
            )
        except NotAccepted as refusal:
            return Response({"code": refusal.code, "message": refusal.message}, status=refusal.status)
        return Response(described(receipt.clip), status=201 if receipt.is_new else 200)

    def get(self, request: Request, clip_id: UUID) -> Response:
        """The clip's status with its reason and a tip; 404 for anybody else's."""
        return Response(described(get_object_or_404(Clip.objects.of(voices_of(request)), pk=clip_id)))


def described(clip: Clip) -> dict[str, Any]:
    """A clip as its speaker may see it."""
    examination = clip.examinations.order_by("-pk").first()
    return {
        "id": str(clip.pk),
        "status": clip.status,
        "reason": clip.status_reason,
        "advice": reason_given(clip),
        "warnings": [
            {"code": code, **(advice(code, reasons.warning_reason) or {})}
            for code in (examination.warnings if examination else ())
        ],
        "duration_seconds": clip.duration_seconds,
        "is_final": clip.status not in IN_MOTION,
    }


def reason_given(clip: Clip) -> dict[str, str] | None:
    """Why the clip is where it is: a listener's reason where one rejected it, else the machine's."""
    is_judged = clip.status == Clip.Status.REJECTED
    return advice(clip.status_reason, reasons.listening_reason if is_judged else reasons.screening_reason)


def advice(code: str, reason: Callable[[str], reasons.UnusableReason]) -> dict[str, str] | None:
    """What a reason means and what to do about it, in the reader's language; None for a code with no such words."""
    try:
        found = reason(code)
    except LookupError:
        return None
    return {"text": str(found.text), "tip": str(found.tip)}
