"""The API of About me: what a voice tells about itself, open to be kept only while its person allows it."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from contributions import taxonomy
from contributions.api.answering import Refused, VoiceView
from contributions.api.schema import VOICE, documented
from contributions.consenting import facts, varieties
from contributions.forms.contributing import ACCENT_LENGTH, AGE_BANDS, GENDER_LENGTH
from contributions.models import Contributor
from contributions.taxonomy import tags
from openempathic.accounts.models import Scope

TAG = "me"


class FactsSerializer(serializers.Serializer[Any]):
    """What is told; whatever is empty or left out is not told."""

    age_band = serializers.ChoiceField(
        choices=[value for value, _label in AGE_BANDS if value],
        required=False,
        allow_blank=True,
        help_text=gettext_lazy("How old you are, roughly."),
    )
    gender = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=GENDER_LENGTH,
        help_text=gettext_lazy("female, male, non-binary, or your own word."),
    )
    accent = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=ACCENT_LENGTH,
        help_text=gettext_lazy("Your accent, where you told it of no language in particular."),
    )
    varieties = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=varieties.WORDS_LETTERS_MAX),
        required=False,
        help_text=gettext_lazy('Your accent or variety in your own words, by language tag: {"de": "..."}'),
    )

    def validate_varieties(self, said: dict[str, str]) -> dict[str, str]:
        """Every tag must be of a language that clips may be in; one said twice in two spellings is refused."""
        try:
            known = {tags.spoken(tag): words for tag, words in said.items()}
        except (tags.Malformed, taxonomy.UnknownLanguage) as wrong:
            raise serializers.ValidationError(_("There is no such language here: %s") % wrong) from wrong
        if len(known) != len(said):
            raise serializers.ValidationError(_("One language is named twice."))
        return known


class FactsView(VoiceView):
    """What one voice tells about itself."""

    scopes = {"GET": Scope.FACTS, "PUT": Scope.FACTS}

    @documented(
        name="get_facts",
        tag=TAG,
        summary=gettext_lazy("What you tell about yourself"),
        description=gettext_lazy("Age band, gender, and how you speak each language, as far as you told them."),
        answers={200: FactsSerializer},
        refusals=(404,),
        parameters=[VOICE],
    )
    def get(self, request: Request) -> Response:
        """As it stands now."""
        return Response(told(self.asked_voice()))

    @documented(
        name="tell_facts",
        tag=TAG,
        summary=gettext_lazy("Change what you tell about yourself"),
        description=gettext_lazy(
            "In place of all that you told before: what is left out is erased. 403 while you do not allow it."
        ),
        answers={200: FactsSerializer},
        refusals=(400, 404),
        parameters=[VOICE],
        request=FactsSerializer,
    )
    def put(self, request: Request) -> Response:
        """Keep all of it or nothing."""
        voice = self.asked_voice()
        asked = FactsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said = dict(asked.validated_data)
        by_language = dict.fromkeys(varieties.told(voice), "") | said.pop("varieties", {})
        try:
            with transaction.atomic():
                facts.tell(voice, facts.Facts(**said), by=voice.actor)
                varieties.tell(voice, by_language, by=voice.actor)
        except facts.NotAllowed as refusal:
            raise Refused(str(refusal), code="not_allowed", status=403) from refusal
        return Response(told(Contributor.objects.get(pk=voice.pk)))


def told(voice: Contributor) -> dict[str, Any]:
    """Everything that the voice tells."""
    own = facts.told(voice)
    return {
        "age_band": own.age_band,
        "gender": own.gender,
        "accent": own.accent,
        "varieties": varieties.told(voice),
    }
