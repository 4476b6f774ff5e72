"""The API of lineage: which releases one's own clip went into, and which checkpoints learnt from them."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from contributions.api.answering import VoiceView
from contributions.api.schema import CLIP, documented
from contributions.consenting.voices import voices_of
from contributions.models import Clip, Release
from contributions.models.contributor import Split
from contributions.releasing import lineage
from openempathic.accounts.models import Scope
from openempathic.registry.models import Checkpoint

TAG = "clips"


class LearntSerializer(serializers.Serializer[Checkpoint]):
    """A published checkpoint that learnt from the release."""

    number = serializers.IntegerField(allow_null=True, help_text=_("Which checkpoint it is, in order of publication."))
    version = serializers.CharField(help_text=_("The short name of its files' digest."))
    status = serializers.ChoiceField(choices=[Checkpoint.Status.CHAMPION, "PREVIOUS", "RETRACTED"])
    run = serializers.UUIDField(source="run_id", help_text=_("The training run that made it."))
    published_at = serializers.DateTimeField()


class HeldSerializer(serializers.Serializer[lineage.Held]):
    """A release that the clip is or was in."""

    release = serializers.CharField(source="release.digest", help_text=_("The digest of its manifest."))
    kind = serializers.ChoiceField(source="release.kind", choices=Release.Kind.choices)
    frozen_at = serializers.DateTimeField(source="release.frozen_at")
    key = serializers.CharField(source="member.key", help_text=_("What the clip is called in that release."))
    split = serializers.ChoiceField(source="member.split", choices=Split.choices)
    taken_out_at = serializers.DateTimeField(source="member.taken_out_at", allow_null=True)
    checkpoints = LearntSerializer(many=True)


class LineageSerializer(serializers.Serializer[Any]):
    """The whole way of one clip."""

    clip = serializers.UUIDField()
    releases = HeldSerializer(many=True)


class LineageView(VoiceView):
    """What became of one clip of one's own."""

    scopes = {"GET": Scope.CLIPS_READ}

    @documented(
        name="get_clip_lineage",
        tag=TAG,
        summary=_("What a clip went into"),
        description=_(
            "Every release that holds or held the clip, and every checkpoint that learnt from one, the oldest first. "
            "A clip that was withdrawn stays listed: those who learnt from it are known."
        ),
        answers={200: LineageSerializer},
        refusals=(404,),
        parameters=[CLIP],
    )
    def get(self, request: Request, clip_id: UUID) -> Response:
        """Its releases with their checkpoints; 404 for anybody else's."""
        clip = get_object_or_404(Clip.objects.of(voices_of(request)), pk=clip_id)
        return Response(LineageSerializer({"clip": clip.pk, "releases": lineage.of_clip(clip)}).data)
