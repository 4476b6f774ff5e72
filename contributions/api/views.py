"""The API of clips: give one, see how they fare, hear one, take one or all of them back."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from contributions.api.announcement import MEDIA_TYPES, FromNetwork, announced
from contributions.api.answering import Refused, VoiceView
from contributions.api.schema import CLIP, VOICE, documented
from contributions.api.serializers import AskedClipsSerializer, ClipSerializer, WithdrawnSerializer
from contributions.api.sound import served
from contributions.consenting.voices import voices_of
from contributions.intake import intake
from contributions.leaving import withdrawal
from contributions.models import Clip
from contributions.taxonomy import styles
from openempathic.accounts.models import Scope

TAG = "clips"
# What `?confirm=` must say before everything goes.
ALL = "all"
RANGE_HEADER = OpenApiParameter(
    "Range",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=gettext_lazy("The part that you want, such as bytes=0-65535."),
)
CONFIRM = OpenApiParameter(
    "confirm",
    OpenApiTypes.STR,
    OpenApiParameter.QUERY,
    required=True,
    enum=[ALL],
    description=gettext_lazy("Must be: all. This cannot be undone."),
)
UPLOAD_HEADERS = [
    OpenApiParameter(
        "Content-Digest",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        required=True,
        description=gettext_lazy("The SHA-256 of the bytes after RFC 9530: sha-256=:base64:"),
    ),
    OpenApiParameter(
        "X-Clip-Language",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        required=True,
        description=gettext_lazy("The language spoken, as a tag after BCP 47: en, pt-BR or zh-Hant."),
    ),
    OpenApiParameter(
        "X-Clip-Prompt",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description=gettext_lazy("The number of the sentence that was read, if one was."),
    ),
    OpenApiParameter(
        "X-Clip-Style",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        enum=[style.name for style in styles.wished()],
        description=gettext_lazy("The manner of speaking that was wished for with the sentence, if one was."),
    ),
    OpenApiParameter(
        "X-Clip-Capture",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description=gettext_lazy("What the microphone's getSettings() said: a JSON object in base64url."),
    ),
]
SOUND = {"audio/*" if kind == "audio/" else kind: OpenApiTypes.BINARY for kind in MEDIA_TYPES}


class NewestFirst(CursorPagination):
    """A page of clips; the next begins where this one ended, whatever came in meanwhile."""

    page_size = 50
    ordering = ("-stored_at", "-pk")


class ClipsView(VoiceView, GenericAPIView[Clip]):
    """All of one's own clips."""

    scopes = {"GET": Scope.CLIPS_READ, "DELETE": Scope.CLIPS_WRITE}
    serializer_class = ClipSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Clip]:
        """The clips of the voices asked for, with all that is told of them."""
        if getattr(self, "swagger_fake_view", False):
            return Clip.objects.none()
        return Clip.objects.of(self.asked_voices()).prefetch_related("examinations", "ratings")

    @documented(
        name="list_clips",
        tag=TAG,
        summary=gettext_lazy("Your clips, newest first"),
        description=gettext_lazy("Fifty a page; next is the address of the page after this one."),
        answers={200: ClipSerializer(many=True)},
        refusals=(400, 404),
        parameters=[AskedClipsSerializer, VOICE],
    )
    def get(self, request: Request) -> Response:
        """One page."""
        asked = AskedClipsSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        page = self.paginate_queryset(self.get_queryset().filter(**asked.validated_data))
        return self.get_paginated_response(ClipSerializer(page, many=True).data)

    @documented(
        name="withdraw_all_clips",
        tag=TAG,
        summary=gettext_lazy("Withdraw all your clips"),
        description=gettext_lazy(
            "Nobody hears them any more, and their sound is erased. Says how many were live until now. What you allow "
            "stays as it is."
        ),
        answers={200: WithdrawnSerializer},
        refusals=(400, 404),
        parameters=[CONFIRM, VOICE],
    )
    def delete(self, request: Request) -> Response:
        """Every clip of the voices asked for, once that is said in so many words."""
        if request.query_params.get("confirm") != ALL:
            said = _("This withdraws every clip of yours. If you mean it, add confirm=all.")
            raise Refused(said, code="not_confirmed", status=400)
        with transaction.atomic():
            counts = [withdrawal.withdraw_all(voice, by=voice.actor) for voice in self.asked_voices()]
        return Response(WithdrawnSerializer({"withdrawn": sum(counts)}).data)


class ClipView(VoiceView):
    """`PUT` makes a clip durable under the id its sender made; `GET` tells its sender how it fares."""

    scopes = {"PUT": Scope.CLIPS_WRITE, "GET": Scope.CLIPS_READ, "DELETE": Scope.CLIPS_WRITE}

    @documented(
        name="give_clip",
        tag=TAG,
        summary=gettext_lazy("Give a clip"),
        description=gettext_lazy(
            "You make the clip's id, a random UUID, and send the bytes of the sound. 201 means that they are durable; "
            "sending the same again answers 200 with the same clip, so that a retry never makes two. At most 32 MB."
        ),
        answers={200: ClipSerializer, 201: ClipSerializer},
        refusals=(400, 404, 408, 409, 413, 415, 503, 507),
        parameters=[CLIP, VOICE, *UPLOAD_HEADERS],
        request=SOUND,
    )
    def put(self, request: Request, clip_id: UUID) -> Response:
        """201 when the clip is durable, 200 when an earlier try of the same upload had made it so."""
        body: HttpRequest = request._request
        # A take that waited on a device names its voice: on a shared one, somebody else may be signed in by now.
        voice = self.asked_voice()
        receipt = intake(clip_id, contributor=voice, body=FromNetwork(body), announced=announced(body), by=voice.actor)
        return Response(ClipSerializer(receipt.clip).data, status=201 if receipt.is_new else 200)

    @documented(
        name="get_clip",
        tag=TAG,
        summary=gettext_lazy("How one clip fares"),
        description=gettext_lazy(
            "Its status, with the reason and a tip in your language; after giving one, ask until is_final is true."
        ),
        answers={200: ClipSerializer},
        refusals=(404,),
        parameters=[CLIP],
    )
    def get(self, request: Request, clip_id: UUID) -> Response:
        """The clip's status with its reason and a tip; 404 for anybody else's."""
        return Response(ClipSerializer(get_object_or_404(Clip.objects.of(voices_of(request)), pk=clip_id)).data)

    @documented(
        name="withdraw_clip",
        tag=TAG,
        summary=gettext_lazy("Withdraw one clip"),
        description=gettext_lazy(
            "Nobody hears it any more, and its sound is erased. A second time gives the same answer."
        ),
        answers={204: None},
        refusals=(404,),
        parameters=[CLIP],
    )
    def delete(self, request: Request, clip_id: UUID) -> Response:
        """Take the clip back; 404 for anybody else's."""
        clip = get_object_or_404(Clip.objects.of(voices_of(request)), pk=clip_id)
        withdrawal.withdraw(clip, by=clip.contributor.actor)
        return Response(status=204)


class ClipSoundView(VoiceView):
    """The sound of one's own clip. What others gave, a moderator hears on the pages only: no token opens it."""

    scopes = {"GET": Scope.CLIPS_READ}

    @documented(
        name="get_clip_sound",
        tag=TAG,
        summary=gettext_lazy("The sound of one clip"),
        description=gettext_lazy("FLAC, whole or the range asked for, once the clip was found usable."),
        answers={(200, "audio/flac"): OpenApiTypes.BINARY, (206, "audio/flac"): OpenApiTypes.BINARY},
        refusals=(404, 416),
        parameters=[CLIP, RANGE_HEADER],
    )
    def get(self, request: Request, clip_id: UUID) -> HttpResponseBase:
        """The archive of a live clip of the person's own."""
        own = Clip.objects.of(voices_of(request)).live()
        return served(get_object_or_404(own, pk=clip_id), request.headers.get("Range", ""))
