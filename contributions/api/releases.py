"""The API of published datasets: which there are, what is in each, its terms accepted, its files fetched."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from contributions.api.answering import Refused, VoiceView
from contributions.api.files import served
from contributions.api.schema import documented
from contributions.api.scopes import HasScope
from contributions.api.views import RANGE_HEADER
from contributions.models import Dataset
from contributions.releasing import datasets, downloads
from contributions.taxonomy import restrictions
from contributions.views import words
from openempathic.accounts.models import Scope

TAG = "releases"
DIGEST = OpenApiParameter(
    "digest",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description=gettext_lazy("The release's digest, or its first twelve letters."),
)
FILE_NAME = OpenApiParameter(
    "name",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    description=gettext_lazy("A file of the release, such as shards/000000.tar."),
)


class ReleaseSerializer(serializers.Serializer[Any]):
    """A published dataset in short."""

    digest = serializers.CharField(source="release.digest")
    frozen_at = serializers.DateTimeField(source="release.frozen_at")
    published_at = serializers.DateTimeField()
    clips = serializers.IntegerField(source="figures.clips")
    speakers = serializers.IntegerField(source="figures.speakers")
    seconds = serializers.FloatField(source="figures.seconds")
    languages = serializers.SerializerMethodField()
    clips_taken_back = serializers.IntegerField(
        source="gone_count", help_text=gettext_lazy("How many clips have left it since it was made.")
    )
    page = serializers.SerializerMethodField()

    def get_languages(self, dataset: Dataset) -> list[str]:
        """Language tags after BCP 47."""
        return list(dataset.figures.get("languages", {}))

    def get_page(self, dataset: Dataset) -> str:
        """Where people read of it."""
        return settings.SITE_URL + reverse("dataset", args=[dataset.release.digest[:12]])


class ReleaseFileSerializer(serializers.Serializer[Any]):
    """One file of a release, as it lies there now."""

    name = serializers.CharField()
    sha256 = serializers.CharField(allow_null=True)
    byte_count = serializers.IntegerField()


class WholeReleaseSerializer(ReleaseSerializer):
    """A published dataset with its figures, its files and its terms."""

    figures = serializers.JSONField()
    files = ReleaseFileSerializer(many=True)
    use_restrictions = serializers.SerializerMethodField()
    promises = serializers.SerializerMethodField()
    terms = serializers.SerializerMethodField()

    def get_use_restrictions(self, dataset: Dataset) -> list[str]:
        """What nobody may do, by the ids that use_restrictions.json explains."""
        return restrictions.ids()

    def get_promises(self, dataset: Dataset) -> list[str]:
        """What whoever downloads it promises, in the language asked for."""
        return downloads.promises()

    def get_terms(self, dataset: Dataset) -> str:
        """The digest of these terms, to be sent back when they are accepted."""
        return downloads.terms_sha256()


class AcceptedSerializer(serializers.Serializer[Any]):
    """Terms that are accepted, by their digest."""

    terms = serializers.CharField(
        max_length=64,
        help_text=gettext_lazy("The digest of the terms, as the release tells it. You must have read them."),
    )


class ReleasesView(VoiceView):
    """The published datasets; everybody may know of them."""

    scopes = {"GET": None}
    permission_classes = [HasScope]

    @documented(
        name="list_releases",
        tag=TAG,
        summary=gettext_lazy("Published datasets, newest first"),
        description=gettext_lazy("What is not published, or was made for training alone, is not among them."),
        answers={200: ReleaseSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """All of them."""
        return Response(ReleaseSerializer(datasets.public(), many=True).data)


class ReleaseView(VoiceView):
    """One published dataset; everybody may know of it."""

    scopes = {"GET": None}
    permission_classes = [HasScope]

    @documented(
        name="get_release",
        tag=TAG,
        summary=gettext_lazy("One dataset: figures, files and terms"),
        answers={200: WholeReleaseSerializer},
        refusals=(404,),
        parameters=[DIGEST],
    )
    def get(self, request: Request, digest: str) -> Response:
        """Everything that its page tells."""
        return Response(WholeReleaseSerializer(found(digest)).data)


class TermsView(VoiceView):
    """The terms of one dataset, accepted."""

    scopes = {"POST": Scope.RELEASES}
    permission_classes = [IsAuthenticated, HasScope]

    @documented(
        name="accept_terms",
        tag=TAG,
        summary=gettext_lazy("Accept the terms of a dataset"),
        description=gettext_lazy("Send back the digest of the terms that you read. A second time changes nothing."),
        answers={204: None},
        refusals=(400, 404),
        parameters=[DIGEST],
        request=AcceptedSerializer,
    )
    def post(self, request: Request, digest: str) -> Response:
        """Keep it; 403 where the terms are others by now."""
        dataset = found(digest)
        asked = AcceptedSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            downloads.accept(dataset, by=request.user, terms=asked.validated_data["terms"], locale=words.reading())
        except downloads.TermsNotAccepted as refusal:
            raise Refused(str(refusal), code=refusal.code, status=403) from refusal
        return Response(status=204)


class ReleaseFileView(VoiceView):
    """One file of a published dataset, for who accepted its terms."""

    scopes = {"GET": Scope.RELEASES}
    permission_classes = [IsAuthenticated, HasScope]

    @documented(
        name="get_release_file",
        tag=TAG,
        summary=gettext_lazy("One file of a dataset"),
        description=gettext_lazy(
            "Whole or the range asked for; the answer may be a redirect to the site's store. 403 until you accepted "
            "the terms as they stand now."
        ),
        answers={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
        },
        refusals=(404, 416),
        parameters=[DIGEST, FILE_NAME, RANGE_HEADER],
    )
    def get(self, request: Request, digest: str, name: str) -> HttpResponseBase:
        """The bytes, and a note that they were taken."""
        dataset = found(digest)
        known = downloads.file_of(dataset, name)
        if known is None:
            raise Http404
        accepted = downloads.accepted_by(request.user, dataset.release)
        if accepted is None:
            refusal = downloads.TermsNotAccepted()
            raise Refused(str(refusal), code=refusal.code, status=403)
        downloads.note_fetched(accepted, name)
        return served(
            f"{dataset.release.prefix}/{name}",
            name=name,
            range_header=request.headers.get("Range", ""),
            if_range=request.headers.get("If-Range", ""),
            sha256=known["sha256"] or "",
        )


def found(digest: str) -> Dataset:
    """The published dataset of that digest, whole or its first twelve letters; 404 for any other."""
    known: Dataset | None = None
    if len(digest) in (12, 64):
        known = datasets.public().filter(release__digest__startswith=digest).first()
    if known is None:
        raise Http404
    return known
