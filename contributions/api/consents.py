"""The API of consent: where a voice stands, the chain behind it, taking a purpose back, and the receipt."""

from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from contributions.api.answering import Refused, VoiceView
from contributions.api.schema import VOICE, documented
from contributions.api.serializers import ConsentsSerializer, EventsSerializer, ReceiptSerializer, standing
from contributions.consenting import consent, receipts
from contributions.consenting.voices import voice_of
from contributions.models import Purpose
from openempathic.accounts.models import Scope

TAG = "consents"
PURPOSE = OpenApiParameter(
    "purpose",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    enum=Purpose.values,
    description=_("What is taken back."),
)


class ConsentsView(VoiceView):
    """Where a voice stands on every purpose."""

    scopes = {"GET": Scope.CONSENT_READ}

    @documented(
        name="list_consents",
        tag=TAG,
        summary=_("What you allow"),
        description=_(
            "Every purpose with your answer, the words you answered and the words in force now, each with its digest."
        ),
        answers={200: ConsentsSerializer},
        refusals=(404,),
        parameters=[VOICE],
    )
    def get(self, request: Request) -> Response:
        """The fold of the voice's events, with the words."""
        voice = self.asked_voice()
        purposes = standing(voice, consent.locale_now())
        return Response(ConsentsSerializer({"voice": voice.pk, "purposes": purposes}).data)


class EventsView(VoiceView):
    """The chain of a voice's answers."""

    scopes = {"GET": Scope.CONSENT_READ}

    @documented(
        name="list_consent_events",
        tag=TAG,
        summary=_("Every answer you ever gave"),
        description=_(
            "The chain of your answers, oldest first. The sha256 of an event is over its other fields as JSON with "
            "sorted keys; previous_sha256 is that of the event before."
        ),
        answers={200: EventsSerializer},
        refusals=(404,),
        parameters=[VOICE],
    )
    def get(self, request: Request) -> Response:
        """Each event as its digest covers it."""
        voice = self.asked_voice()
        events = [event.payload() | {"sha256": event.sha256} for event in voice.consent_events.all()]
        is_whole = consent.broken_link(voice) is None
        return Response(EventsSerializer({"voice": voice.pk, "is_whole": is_whole, "events": events}).data)


class PurposeView(VoiceView):
    """One purpose, to be taken back. Giving consent needs a person who reads, so there is no other method."""

    scopes = {"DELETE": Scope.CONSENT_WRITE}

    @documented(
        name="withdraw_consent",
        tag=TAG,
        summary=_("Take back one purpose"),
        description=_(
            "From now on your clips are not used for it. With STORE_AND_REVIEW go all other purposes and every clip. "
            "A second time gives the same answer. To allow something again, open the consent page."
        ),
        answers={204: None},
        refusals=(404,),
        parameters=[PURPOSE, VOICE],
    )
    def delete(self, request: Request, purpose: str) -> Response:
        """Take the purpose back for every voice of the person, or for the one named."""
        if purpose not in Purpose.values:
            raise Http404
        with transaction.atomic():
            changes = [
                consent.withdraw(voice, purpose, by=voice.actor, locale=consent.locale_now())
                for voice in self.asked_voices()
            ]
        speaking = voice_of(request)
        if speaking is not None and any(changes):
            # A mail that fails undoes nothing: the receipt is one request away.
            receipts.send(speaking, at=timezone.now())
        return Response(status=204)


class ReceiptView(VoiceView):
    """The signed receipt of a voice."""

    scopes = {"GET": Scope.CONSENT_READ}

    @documented(
        name="get_receipt",
        tag=TAG,
        summary=_("Your signed receipt"),
        description=_("What you allow and the words you were shown, signed by this site, after ISO/IEC TS 27560."),
        answers={200: ReceiptSerializer},
        refusals=(404,),
        parameters=[VOICE],
    )
    def get(self, request: Request) -> Response:
        """The receipt of every answer that stands now."""
        try:
            document: dict[str, Any] = receipts.receipt(self.asked_voice(), at=timezone.now())
        except receipts.NoConsentYet as nothing:
            raise Refused(str(nothing), code="no_consent_yet", status=404) from None
        # Unchanged, not through a serializer: a signature is over every letter.
        return Response(document)
