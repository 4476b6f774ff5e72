"""A volunteer's way: a language, a consent, and the studio."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from contributions.asking import coverage, examples, pacing
from contributions.asking.coverage import Mode
from contributions.consenting import consent, facts, receipts, varieties
from contributions.consenting.voices import is_guest, voice_of, voices_of
from contributions.forms.contributing import ConsentForm
from contributions.forms.wishes import SkipForm
from contributions.microphone_help import PROBLEMS
from contributions.models import Clip, ConsentText, Contributor, Prompt, Purpose
from contributions.screening.lengths import longest_seconds
from contributions.taxonomy import tags
from contributions.views import words
from contributions.views.doors import speaking, voice_required
from contributions.views.session import kept_in_session

SPOKEN_LANGUAGE = "spoken_language"
SPEAKING_MODE = "speaking_mode"
# That a guest has seen their code in this browser.
CODE_SHOWN = "guest_code_shown"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose_language(request: HttpRequest) -> HttpResponse:
    """Ask in which language the person will speak; needs no account yet."""
    offered = offered_languages()
    chosen = tag_in(request.POST.get("language", ""))
    if chosen in [choice["language"].tag for choice in offered]:
        request.session[SPOKEN_LANGUAGE] = chosen
        return redirect("studio" if may_record(voice_of(request)) else "consent")
    if request.method == "POST":
        messages.error(request, _("We have no sentences in that language yet. Please choose one of these."))
    return render(request, "contribute/choose_language.html", {"offered": offered})


def tag_in(said: str) -> str:
    """The language that was chosen, written as all tags are; empty for what is none."""
    try:
        return tags.normalised(said)
    except tags.Malformed:
        return ""


def offered_languages() -> list[dict[str, Any]]:
    """The languages that have sentences to speak, with how many."""
    sentences = Prompt.objects.filter(is_offered=True, kind=Prompt.Kind.ACTED)
    counted = sentences.values_list("language").annotate(Count("pk")).order_by("language")
    return [{"language": words.tongue(tag), "prompts": prompts} for tag, prompts in counted]


def may_record(voice: Contributor | None) -> bool:
    """Whether somebody speaks who allows us to keep clips."""
    return voice is not None and consent.covers(voice, Purpose.STORE_AND_REVIEW)


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def give_consent(request: HttpRequest) -> HttpResponse:
    """Ask for each purpose by itself, and keep the answer with the words that were shown."""
    contributor = speaking(request)
    texts = texts_for(request)
    form = ConsentForm(
        request.POST or None,
        texts=texts,
        given=agreed_texts(contributor),
        initial={"is_adult": contributor.is_adult_attested_at is not None},
    )
    if request.method == "POST" and form.is_valid() and decided(form, voices_of(request)):
        confirm(request, contributor)
        return redirect(after_consent(request))
    if request.method == "GET":
        put_before(voices_of(request), get_language() or consent.FALLBACK_LANGUAGE)
    if has_new_words(form):
        form = ConsentForm(texts=texts)
        messages.warning(request, _("The words changed while this page was open. Please read them again."))
    return render(request, "contribute/consent.html", {"form": form, "contributor": contributor})


def texts_for(request: HttpRequest) -> list[ConsentText]:
    """The words to show; a guest, who has no address, is not asked whether we may write to them."""
    texts = consent.texts(get_language() or consent.FALLBACK_LANGUAGE)
    return [text for text in texts if not (is_guest(request) and text.purpose == Purpose.CONTACT)]


def put_before(voices: list[Contributor], language: str) -> None:
    """Keep that the person was asked again about words that changed, at the visit where the page shows them."""
    for voice in voices:
        consent.request(voice, consent.asks_again(voice, language), by=voice.actor, locale=consent.locale_now())


def agreed_texts(contributor: Contributor) -> set[int]:
    """The texts that the contributor agrees to now; other words, even for the same purpose, start unticked."""
    standing = contributor.current_consents.filter(is_given=True)
    return set(standing.values_list("event__text_id", flat=True))


def after_consent(request: HttpRequest) -> str:
    """Where the way goes on: a guest is given the code first, since without it nothing can be taken back later."""
    if is_guest(request) and not request.session.get(CODE_SHOWN):
        return "guest-code"
    return "studio" if request.session.get(SPOKEN_LANGUAGE) else "choose-language"


def decided(form: ConsentForm, voices: list[Contributor]) -> bool:
    """Keep the answer for each of the person's voices; where it is none that we may rely on, say why on the form."""
    try:
        with transaction.atomic():
            for voice in voices:
                consent.decide(
                    voice,
                    given=form.given(),
                    shown=form.texts,
                    locale=consent.locale_now(),
                    is_adult=form.cleaned_data["is_adult"],
                    by=voice.actor,
                )
    except consent.NotConsented as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def confirm(request: HttpRequest, contributor: Contributor) -> None:
    """Say that the answers are kept, and mail the receipt; what the mail does changes nothing about the answers."""
    if is_guest(request):
        messages.success(request, _("Your answers are saved. Your receipt is on this site, under My voice."))
    elif receipts.send(contributor, at=timezone.now()):
        messages.success(request, _("Your answers are saved. A receipt is on its way to you by e-mail."))
    else:
        said = _("Your answers are saved, but your receipt could not be mailed. You can open it on this site.")
        messages.warning(request, said)
    if consent.covers(contributor, Purpose.DEMOGRAPHICS) and facts.told(contributor) == facts.Facts():
        page = format_html('<a href="{}">{}</a>', reverse("about-me"), _("About me"))
        messages.info(request, format_html("{} {}", _("If you like, tell us who speaks:"), page))


def has_new_words(form: ConsentForm) -> bool:
    """Whether the answer was given to words that are no longer in force."""
    return form.is_bound and form.has_error("__all__", "words_changed")


@voice_required
@never_cache
@require_safe
@kept_in_session
def studio(request: HttpRequest) -> HttpResponse:
    """Where a volunteer records; with `?prompt=next` only the next sentence, as a part of the page.

    `mode` is remembered; `besides` names what is not to be asked, `after` what was just spoken.
    """
    language = request.session.get(SPOKEN_LANGUAGE)
    if language is None:
        return redirect("choose-language")
    contributor = speaking(request)
    if not may_record(contributor):
        return redirect("consent")
    is_arriving = request.GET.get("prompt") != "next"
    # At the next visit: whoever is in the middle of recording finishes under the words they agreed to.
    if is_arriving and consent.asks_again(contributor, get_language() or consent.FALLBACK_LANGUAGE):
        messages.info(request, _("What we ask you to allow has changed. Until you answer, your old answer holds."))
        return redirect("consent")
    if is_arriving and varieties.asks(contributor, language):
        return redirect("variety")
    mode = mode_of(request)
    if pacing.left_today(contributor, now=timezone.now()) == 0:
        card = enough(language)
    elif prompt := next_for(request, contributor, language, mode):
        card = shown(prompt) | around(request, contributor, prompt)
    else:
        return nothing_to_ask(request, language)
    if is_arriving:
        return render(request, "contribute/studio.html", card | rules(contributor) | {"mode": mode})
    return render(request, "contribute/prompt.html" if "prompt" in card else "contribute/enough.html", card)


def mode_of(request: HttpRequest) -> Mode:
    """How the person wants to speak: as they say now, else as they said last, else acted."""
    said = request.GET.get("mode")
    if said in list(Mode):
        request.session[SPEAKING_MODE] = said
    return Mode(request.session.get(SPEAKING_MODE, Mode.ACTED))


def next_for(request: HttpRequest, contributor: Contributor, language: str, mode: Mode) -> Prompt | None:
    """What to ask now; where there is nothing of the wanted kind, a sentence to act."""
    besides, after = request.GET.getlist("besides"), request.GET.get("after")
    wanted = coverage.next_prompt(contributor, language, mode=mode, besides=besides, after=after)
    return wanted or coverage.next_prompt(contributor, language, besides=besides)


def nothing_to_ask(request: HttpRequest, language: str) -> HttpResponse:
    """Send on whoever can be asked for nothing: no sentences are there, or none that they want."""
    if Prompt.objects.filter(language=language, is_offered=True).exists():
        said = _("There is nothing left that you may be asked for. Would you like to change what you left out?")
        messages.info(request, said)
        return redirect("feelings")
    messages.warning(request, _("We have no sentences in that language yet. Please choose one of these."))
    return redirect("choose-language")


def enough(language: str) -> dict[str, Any]:
    """What the card shows once the day's clips are given."""
    return {"language": words.tongue(language), "longest_seconds": settings.LONGEST_SECONDS}


def around(request: HttpRequest, contributor: Contributor, prompt: Prompt) -> dict[str, Any]:
    """What the card tells beside the prompt: that a break would do good, that only the feeling is another."""
    after = Prompt.objects.filter(pk=request.GET.get("after"), sentence=prompt.sentence, language=prompt.language)
    return {
        "is_break_due": pacing.is_break_due(contributor, now=timezone.now()),
        "is_contrast": after.exists(),
        "has_example": examples.for_voices(prompt.pk, voices_of(request)) is not None,
    }


def shown(prompt: Prompt) -> dict[str, Any]:
    """What the card of a prompt shows."""
    return {
        "prompt": prompt,
        "feeling": words.feeling(prompt.emotion),
        "language": words.tongue(prompt.language),
        "longest_seconds": longest_seconds(prompt.kind),
        "manner": words.manner(prompt.style),
    }


def rules(contributor: Contributor) -> dict[str, Any]:
    """What the studio must know of the site's rules and of what was given already."""
    return {
        "skip_form": SkipForm(),
        "how": words.how_it_was(),
        "problems": PROBLEMS,
        "bytes_max": settings.UPLOAD_BYTES_MAX,
        "given": contributor.clips.live().exclude(status=Clip.Status.UNUSABLE).count(),
    }
