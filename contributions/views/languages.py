"""A moderator's way to the languages: what each still needs, and the sentences to confirm or to put right."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from contributions import taxonomy
from contributions.asking import languages, sentences
from contributions.asking.sentences import Sentence
from contributions.forms.languages import ConfirmationForm, ListenersForm, RepairForm, StateForm
from contributions.listening import deciding, queue
from contributions.models import LanguageDecision
from contributions.permissions import may_moderate
from contributions.views import words
from openempathic.accounts.doors import curators_only, open_to

# More at once is a page that nobody reads to its end; the next ones come as these are confirmed.
WAITING_SHOWN = 20
# The language whose words stand beside each sentence, for whoever wonders what was meant.
BESIDE = taxonomy.SOURCE_LANGUAGE

moderators_only = open_to(
    may_moderate, otherwise=gettext_noop("This page is for moderators. You can still give your voice.")
)


@moderators_only
@never_cache
@require_safe
def all_of_them(request: HttpRequest) -> HttpResponse:
    """Every language that has sentences, and what it still needs."""
    own = languages.native_languages(request.user)
    told = [
        {"standing": each, "language": words.tongue(tag), "is_native": tag in own}
        for tag, each in languages.standings().items()
    ]
    return render(
        request, "curation/languages.html", {"languages": sorted(told, key=lambda each: not each["is_native"])}
    )


@moderators_only
@never_cache
@require_safe
def one(request: HttpRequest, tag: str) -> HttpResponse:
    """One language: who may confirm it, the sentences that wait, and those that are confirmed."""
    known(tag)
    own = sentences.of(tag)
    beside = {each.name: each.text for each in sentences.of(BESIDE)} if tag != BESIDE else {}
    told = [described(each, beside.get(each.name, "")) for each in own]
    facts = {
        "standing": languages.standing(tag),
        "language": words.tongue(tag),
        "beside": words.tongue(BESIDE),
        "is_native": tag in languages.native_languages(request.user),
        "waiting": [each for each in told if not each["sentence"].is_confirmed][:WAITING_SHOWN],
        "shown": WAITING_SHOWN,
        "confirmed": [each for each in told if each["sentence"].is_confirmed],
        "decision": LanguageDecision.objects.filter(language=tag).order_by("-pk").first(),
        "listeners": queue.ratings_required(tag),
        "most": deciding.MOST,
    }
    return render(request, "curation/language.html", facts)


@moderators_only
@never_cache
@require_POST
def speaker(request: HttpRequest, tag: str) -> HttpResponse:
    """Say that one grew up with the language, or not."""
    known(tag)
    languages.declare(request.user, tag, is_native=request.POST.get("is_native") == "yes")
    return redirect("language", tag=tag)


@moderators_only
@never_cache
@require_POST
def confirmation(request: HttpRequest, tag: str, sentence: str) -> HttpResponse:
    """Confirm a sentence as it was shown, or take that back."""
    known(tag)
    form = ConfirmationForm(request.POST)
    if form.is_valid():
        try:
            tell(request, is_active=languages.confirm(tag, sentence, by=request.user, **form.said()))
        except languages.NotConfirmable as refusal:
            messages.error(request, str(refusal))
    return redirect("language", tag=tag)


@moderators_only
@never_cache
@require_POST
def repair(request: HttpRequest, tag: str, sentence: str) -> HttpResponse:
    """Put other words or scenes in place of those that were shown, and confirm them."""
    known(tag)
    form = RepairForm(request.POST)
    if form.is_valid():
        try:
            tell(request, is_active=languages.repair(tag, sentence, by=request.user, **form.said()))
        except languages.NotConfirmable as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Put right, and confirmed. Clips that were given before keep the old words."))
    else:
        messages.error(request, _("The sentence needs words."))
    return redirect("language", tag=tag)


@moderators_only
@never_cache
@require_POST
def state(request: HttpRequest, tag: str) -> HttpResponse:
    """Make the language active, or a pilot again, with a reason."""
    known(tag)
    form = StateForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please say why: others will want to know."))
        return redirect("language", tag=tag)
    try:
        languages.decide(tag, by=request.user, **form.cleaned_data)
    except languages.NotConfirmable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Decided. Loading the data files again does not undo it."))
    return redirect("language", tag=tag)


@curators_only
@never_cache
@require_POST
def listeners(request: HttpRequest, tag: str) -> HttpResponse:
    """Decide how many blind answers settle a clip of the language."""
    known(tag)
    form = ListenersForm(request.POST)
    if not form.is_valid():
        said = {"least": deciding.LEAST, "most": deciding.MOST}
        messages.error(request, _("From %(least)s to %(most)s listeners can be asked for.") % said)
        return redirect("language", tag=tag)
    deciding.decide(tag, by=request.user, **form.cleaned_data)
    messages.success(request, _("Decided. It holds from the next answer on; clips that are settled stay so."))
    return redirect("language", tag=tag)


def known(tag: str) -> None:
    """404 for a language without sentences."""
    if tag not in taxonomy.prompt_languages():
        raise Http404


def tell(request: HttpRequest, *, is_active: bool) -> None:
    """Say so when the language has just become active."""
    if is_active:
        messages.success(request, _("That was the last one: the language is active now. Thank you!"))


def described(sentence: Sentence, beside: str) -> dict[str, Any]:
    """One sentence in the reader's words, with what it says in the language that others are translated from."""
    ways = [{"prompt": way, "feeling": words.feeling(way.emotion)} for way in sentence.ways]
    return {"sentence": sentence, "ways": ways, "beside": beside}
