"""The API of the person who asks: who they are here, everything of theirs, and an end to ways that lead nowhere."""

from django.http import FileResponse, Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contributions.api.answering import Refused, VoiceView
from contributions.api.schema import VOICE, documented
from contributions.api.serializers import MeSerializer
from contributions.consenting.voices import is_guest, voices_of
from contributions.leaving import exports
from openempathic.accounts.models import ApiToken, Scope

TAG = "me"


class MeView(VoiceView):
    """Who asks; open to any token."""

    scopes = {"GET": None}

    @documented(
        name="get_me",
        tag=TAG,
        summary=gettext_lazy("Who you are here"),
        description=gettext_lazy("Your voices, the one that speaks now first, and the token that you sent, if any."),
        answers={200: MeSerializer},
    )
    def get(self, request: Request) -> Response:
        """The voices, and the token without its word."""
        token = request.auth if isinstance(request.auth, ApiToken) else None
        facts = {"is_guest": is_guest(request), "voices": voices_of(request), "token": token}
        return Response(MeSerializer(facts).data)


class ExportView(VoiceView):
    """Everything of one voice as one archive."""

    scopes = {"POST": Scope.EXPORT}

    @documented(
        name="export",
        tag=TAG,
        summary=gettext_lazy("Everything of yours as one archive"),
        description=gettext_lazy(
            "A zip with the sound of your clips, what listeners heard, what you agreed to and the log, each file with "
            "its digest. A few a day."
        ),
        answers={(200, "application/zip"): OpenApiTypes.BINARY},
        refusals=(404,),
        parameters=[VOICE],
        request=None,
    )
    def post(self, request: Request) -> FileResponse:
        """Build the archive; counted together with those asked for on the page."""
        voice = self.asked_voice()
        try:
            archive = exports.export(voice, by=voice.actor)
        except exports.TooManyExports:
            said = _("You have had as many archives as a day allows. Please come back tomorrow.")
            raise Refused(said, code="too_many_exports", status=429) from None
        name = f"my-voice-{timezone.now():%Y-%m-%d}.zip"
        return FileResponse(archive, as_attachment=True, filename=name, content_type="application/zip")


class NothingView(VoiceView):
    """Any address under the API that is none: programs want to read that in JSON too."""

    permission_classes = []

    @extend_schema(exclude=True)
    def get(self, request: Request, way: str) -> Response:
        """There is nothing."""
        raise Http404
