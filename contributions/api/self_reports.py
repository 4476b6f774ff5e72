"""The API of self-reports: how a take was, as its own speaker says; raters never see it."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from contributions import self_reports
from contributions.api.answering import Refused, VoiceView
from contributions.api.schema import CLIP, documented
from contributions.consenting.voices import voices_of
from contributions.models import Clip, SelfReport
from contributions.taxonomy.styles import styles
from openempathic.accounts.models import Scope

TAG = "clips"


class SelfReportSerializer(serializers.Serializer[Any]):
    """How it was; whatever is left out was not said."""

    id = serializers.UUIDField(help_text=_("You make it, a random UUID: the same answer sent again is kept once."))
    emotion = serializers.ChoiceField(
        choices=self_reports.feelings(),
        required=False,
        allow_blank=True,
        help_text=_("What you felt while you spoke."),
    )
    styles = serializers.ListField(
        child=serializers.ChoiceField(choices=[style.name for style in styles()]),
        required=False,
        help_text=_("In what manner you spoke."),
    )
    description = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=self_reports.DESCRIPTION_LETTERS_MAX,
        help_text=_("In your own words."),
    )
    said_at = serializers.DateTimeField(read_only=True)


class SelfReportView(VoiceView):
    """What the speaker says of one clip of their own."""

    scopes = {"PUT": Scope.CLIPS_WRITE, "GET": Scope.CLIPS_READ}

    @documented(
        name="say_how_it_was",
        tag=TAG,
        summary=_("Say how it was"),
        description=_(
            "What you felt while you spoke, in what manner, and words of your own; all of it optional, and never shown "
            "to listeners. A later answer replaces this one. 404 until the clip itself has arrived: send it again then."
        ),
        answers={200: SelfReportSerializer, 201: SelfReportSerializer},
        refusals=(400, 404, 409, 410),
        parameters=[CLIP],
        request=SelfReportSerializer,
    )
    def put(self, request: Request, clip_id: UUID) -> Response:
        """201 when it is kept, 200 when an earlier try had kept it; 404 for a clip that is not here or not theirs."""
        clip = get_object_or_404(Clip.objects.of(voices_of(request)), pk=clip_id)
        asked = SelfReportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            kept = self_reports.say(
                clip, said_in(asked.validated_data), report_id=asked.validated_data["id"], by=clip.contributor.actor
            )
        except self_reports.NotSaid as refusal:
            raise Refused(refusal.message, code=refusal.code, status=refusal.status) from refusal
        return Response(SelfReportSerializer(kept.report).data, status=201 if kept.is_new else 200)

    @documented(
        name="get_how_it_was",
        tag=TAG,
        summary=_("What you said of a clip"),
        description=_("Your newest answer; 404 where you have said nothing."),
        answers={200: SelfReportSerializer},
        refusals=(404,),
        parameters=[CLIP],
    )
    def get(self, request: Request, clip_id: UUID) -> Response:
        """The answer that counts."""
        clip = get_object_or_404(Clip.objects.of(voices_of(request)).live(), pk=clip_id)
        own = self_reports.newest([clip.pk])
        return Response(SelfReportSerializer(get_object_or_404(SelfReport, pk__in=[own[pk].pk for pk in own])).data)


def said_in(data: dict[str, Any]) -> self_reports.Said:
    """What was sent, as the act knows it."""
    return self_reports.Said(
        emotion=data.get("emotion", ""),
        styles=tuple(data.get("styles", ())),
        description=data.get("description", "").strip(),
    )
