"""What the API's answers look like: one serializer for each thing, from which the schema is drawn too."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from contributions.consenting import consent
from contributions.models import Clip, ConsentEvent, ConsentText, Contributor, Examination, Prompt, Purpose, Rating
from contributions.taxonomy import reasons
from openempathic.accounts.models import ApiToken, Scope

IN_MOTION = (Clip.Status.STORED,)
SETTLED = (Clip.Status.ACCEPTED, Clip.Status.REJECTED)


class RefusalSerializer(serializers.Serializer[Any]):
    """Why not: a word for programs, a sentence for people in the language they asked for."""

    code = serializers.CharField()
    message = serializers.CharField()


class AdviceSerializer(serializers.Serializer[Any]):
    """What a reason means, and what to do about it."""

    text = serializers.CharField()
    tip = serializers.CharField()


class WarningSerializer(serializers.Serializer[Any]):
    """What could be better at the next take."""

    code = serializers.CharField()
    text = serializers.CharField(required=False)
    tip = serializers.CharField(required=False)


class HeardSerializer(serializers.Serializer[Any]):
    """How many listeners heard a feeling; never who."""

    emotion = serializers.CharField()
    listeners = serializers.IntegerField()


class ClipSerializer(serializers.ModelSerializer[Clip]):
    """A clip as its speaker may see it."""

    voice = serializers.UUIDField(source="contributor_id")
    reason = serializers.CharField(source="status_reason")
    prompt: "serializers.PrimaryKeyRelatedField[Prompt]" = serializers.PrimaryKeyRelatedField(
        read_only=True, pk_field=serializers.CharField()
    )
    advice = serializers.SerializerMethodField()
    warnings = serializers.SerializerMethodField()
    heard = serializers.SerializerMethodField()
    is_final = serializers.SerializerMethodField()

    class Meta:
        model = Clip
        fields = [
            *("id", "voice", "status", "reason", "advice", "warnings", "is_final", "heard", "language", "prompt"),
            *("intended_emotion", "intended_style", "duration_seconds", "sha256", "byte_count", "media_type"),
            "stored_at",
        ]
        read_only_fields = fields

    @extend_schema_field(AdviceSerializer(allow_null=True))
    def get_advice(self, clip: Clip) -> dict[str, str] | None:
        """What the reason means."""
        return reason_given(clip)

    @extend_schema_field(WarningSerializer(many=True))
    def get_warnings(self, clip: Clip) -> list[dict[str, str]]:
        """What the last screening noticed."""
        return warnings_given(clip)

    @extend_schema_field(HeardSerializer(many=True))
    def get_heard(self, clip: Clip) -> list[dict[str, Any]]:
        """What listeners heard before they saw any suggestion, once the clip is settled."""
        if clip.status not in SETTLED:
            return []
        blind = (each for each in clip.ratings.all() if each.phase == Rating.Phase.BLIND and each.is_usable)
        counted = Counter(each.emotion for each in blind)
        ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        return [{"emotion": emotion, "listeners": count} for emotion, count in ordered]

    def get_is_final(self, clip: Clip) -> bool:
        """Whether screening is done with it."""
        return clip.status not in IN_MOTION


def reason_given(clip: Clip) -> dict[str, str] | None:
    """Why the clip is where it is: a listener's reason where one rejected it, else the machine's.

    A moderator may refuse a clip for what a machine found.
    """
    heard = advice(clip.status_reason, reasons.listening_reason) if clip.status == Clip.Status.REJECTED else None
    return heard or advice(clip.status_reason, reasons.screening_reason)


def warnings_given(clip: Clip) -> list[dict[str, str]]:
    """What the last screening noticed and the speaker might do better; nothing while the clip is being screened."""
    if clip.status in IN_MOTION:
        return []
    # Sorted here, not asked for in order: a list of clips has fetched them all at once.
    screenings = (each for each in clip.examinations.all() if each.agent == Examination.Agent.SCREENING)
    last = max(screenings, key=lambda each: each.pk, default=None)
    codes = last.warnings if last else ()
    return [{"code": code, **(advice(code, reasons.screening_reason) or {})} for code in codes]


def advice(code: str, reason: Callable[[str], reasons.UnusableReason]) -> dict[str, str] | None:
    """What a reason means and what to do about it, in the reader's language; None for a code with no such words."""
    try:
        found = reason(code)
    except LookupError:
        return None
    return {"text": str(found.text), "tip": str(found.tip)}


class AskedClipsSerializer(serializers.Serializer[Any]):
    """Which of one's clips are asked for."""

    status = serializers.ChoiceField(
        choices=Clip.Status.choices, required=False, help_text=_("Only clips of this status.")
    )


class WithdrawnSerializer(serializers.Serializer[Any]):
    """How many clips were live until now."""

    withdrawn = serializers.IntegerField()


class TextSerializer(serializers.ModelSerializer[ConsentText]):
    """Words of consent, with the digest that an answer to them carries."""

    words = serializers.CharField(source="body")

    class Meta:
        model = ConsentText
        fields = ["version", "language", "sha256", "valid_from", "words"]
        read_only_fields = fields


class StandingSerializer(serializers.Serializer[Any]):
    """Where a voice stands on one purpose."""

    purpose = serializers.ChoiceField(choices=Purpose.choices)
    is_required = serializers.BooleanField()
    is_given = serializers.BooleanField()
    answered_at = serializers.DateTimeField(allow_null=True)
    answered_text = TextSerializer(allow_null=True)
    text_in_force = TextSerializer(allow_null=True)
    asks_again = serializers.BooleanField()


class ConsentsSerializer(serializers.Serializer[Any]):
    """Where a voice stands on every purpose."""

    voice = serializers.UUIDField()
    purposes = StandingSerializer(many=True)


class EventSerializer(serializers.Serializer[Any]):
    """One link of the chain: `sha256` is over the other fields as JSON with sorted keys."""

    id = serializers.UUIDField()
    contributor = serializers.UUIDField()
    position = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ConsentEvent.Kind.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    text_sha256 = serializers.CharField()
    locale = serializers.CharField()
    app_version = serializers.CharField()
    age_band_attested = serializers.CharField()
    at = serializers.CharField()
    previous_sha256 = serializers.CharField(allow_blank=True)
    sha256 = serializers.CharField()


class EventsSerializer(serializers.Serializer[Any]):
    """The chain of one voice, from its first link."""

    voice = serializers.UUIDField()
    is_whole = serializers.BooleanField()
    events = EventSerializer(many=True)


class SignatureSerializer(serializers.Serializer[Any]):
    """This site's signature over the canonical JSON of the content."""

    algorithm = serializers.CharField()
    key_id = serializers.CharField()
    value = serializers.CharField()


class ReceiptSerializer(serializers.Serializer[Any]):
    """The receipt after ISO/IEC TS 27560: header, processing, parties, events."""

    content = serializers.DictField()
    signature = SignatureSerializer()


class VoiceSerializer(serializers.Serializer[Any]):
    """One voice of the person; the first is the one that speaks now."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=["ACCOUNT", "GUEST", "CLAIMED"])
    created_at = serializers.DateTimeField()

    def to_representation(self, voice: Contributor) -> dict[str, Any]:
        """The kind is told from who owns the voice."""
        owned = "CLAIMED" if voice.claimed_by_id else "GUEST"
        kind = "ACCOUNT" if voice.user_id else owned
        return {"id": str(voice.pk), "kind": kind, "created_at": voice.created_at.isoformat()}


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """The token that asks."""

    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))

    class Meta:
        model = ApiToken
        fields = ["name", "scopes", "expires_at"]
        read_only_fields = fields


class MeSerializer(serializers.Serializer[Any]):
    """Who asks: voices, and the token where one was sent."""

    is_guest = serializers.BooleanField()
    voices = VoiceSerializer(many=True)
    token = TokenSerializer(allow_null=True)


def standing(voice: Contributor, language: str) -> list[dict[str, Any]]:
    """Where the voice stands on every purpose that is asked for today or that it ever answered."""
    answered = {each.purpose: each for each in voice.current_consents.select_related("event__text")}
    asked_again = {text.purpose for text in consent.asks_again(voice, language)}
    shown = [purpose for purpose in Purpose.values if purpose in consent.ASKED or purpose in answered]
    return [
        {
            "purpose": purpose,
            "is_required": purpose == consent.REQUIRED,
            "is_given": purpose in answered and answered[purpose].is_given,
            "answered_at": answered[purpose].event.at if purpose in answered else None,
            "answered_text": answered[purpose].event.text if purpose in answered else None,
            "text_in_force": consent.text_for(purpose, language),
            "asks_again": purpose in asked_again,
        }
        for purpose in shown
    ]
