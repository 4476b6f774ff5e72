"""A contributor's way to listening: what it is, five examples, and what most people heard in each."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from contributions import permissions
from contributions.forms.tutorial import ExampleForm
from contributions.listening import tutorial
from contributions.listening.tutorial import EXAMPLES, RIGHT_LEAST, TRIES_A_DAY, Progress
from contributions.models import GoldItem, TutorialAnswer
from contributions.taxonomy import SOURCE_LANGUAGE, tags
from contributions.views import hearing, words

RULES = {"examples": EXAMPLES, "least": RIGHT_LEAST, "tries": TRIES_A_DAY}


@never_cache
@require_safe
def tutorials(request: HttpRequest) -> HttpResponse:
    """The languages to listen to, and where the person is in each; to a stranger the languages alone."""
    known_languages = tutorial.languages()
    found = progress_in(request, known_languages)
    heard = permissions.languages_heard(request.user)
    told: list[dict[str, Any]] = [
        {"language": words.tongue(tag), "progress": found[tag], "may_listen": is_heard(tag, heard)}
        for tag in known_languages
    ]
    # What can be learned now comes first.
    ready_first = sorted(told, key=lambda each: not each["progress"].is_possible)
    return render(request, "tutorial/languages.html", {"languages": ready_first, **RULES})


@never_cache
@require_safe
def one(request: HttpRequest, language: str) -> HttpResponse:
    """What listening is, and where the person is in the tutorial of this language."""
    known(language)
    found = progress_in(request, [language])[language]
    may_listen = permissions.may_listen(request.user, language)
    facts = {"language": words.tongue(language), "progress": found, "may_listen": may_listen, **RULES}
    return render(request, "tutorial/language.html", facts)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def example(request: HttpRequest, language: str) -> HttpResponse:
    """The example that is asked now, to hear and to answer; without one the way back to where the person is."""
    known(language)
    if request.method == "POST":
        return answered(request, language)
    return example_page(request, language, ExampleForm())


def example_page(request: HttpRequest, language: str, form: ExampleForm, *, refusal: str = "") -> HttpResponse:
    """The page of the example, blind: nothing on it tells what anybody heard."""
    found = tutorial.progress(request.user, language, now=timezone.now())
    if found.example is None:
        return redirect("tutorial", language=language)
    facts = {
        "language": words.tongue(language),
        "clip": found.example.clip,
        "gain": hearing.gain(found.example.clip),
        "number": 1 if found.is_over else len(found.answers) + 1,
        "form": form,
        "refusal": refusal,
        "core": words.core_feelings(),
        "further": [each for each in words.further_feelings() if each.value != "other"],
        "is_further": form["emotion"].value() not in (None, "", *words.core_names()),
        **RULES,
    }
    return render(request, "tutorial/example.html", facts, status=422 if refusal else 200)


def answered(request: HttpRequest, language: str) -> HttpResponse:
    """Keep the answer and show what most heard; where it cannot be kept, say why and ask again."""
    form = ExampleForm(request.POST)
    if not form.is_valid():
        return example_page(request, language, form, refusal=tutorial.NoSuchFeeling().message)
    said = form.cleaned_data
    if not said["is_heard"]:
        return example_page(request, language, form, refusal=_("Please hear the example to its end before you answer."))
    try:
        kept = tutorial.answer(
            request.user, language, clip_id=said["clip"], emotion=said["emotion"], now=timezone.now()
        )
    except tutorial.AnotherExample as refusal:
        messages.warning(request, refusal.message)
        return redirect("tutorial-example", language=language)
    except tutorial.NotAnswered as refusal:
        return example_page(request, language, form, refusal=refusal.message)
    return redirect("tutorial-answer", answer_id=kept.pk)


@login_required
@never_cache
@require_safe
def answer(request: HttpRequest, answer_id: UUID) -> HttpResponse:
    """What most people heard in an example that the person answered, and why."""
    own = TutorialAnswer.objects.filter(person_id=request.user.pk).select_related("gold")
    kept = get_object_or_404(own, pk=answer_id)
    found = tutorial.progress(request.user, kept.language, now=timezone.now())
    facts = {
        "answer": kept,
        "language": words.tongue(kept.language),
        "mine": words.feeling(kept.emotion),
        "heard": [words.feeling(emotion) for emotion in kept.gold.emotions],
        "explanation": explained(kept.gold),
        "progress": found,
        "number": own.filter(language=kept.language, attempt=kept.attempt, answered_at__lte=kept.answered_at).count(),
        **RULES,
    }
    return render(request, "tutorial/answer.html", facts)


def explained(item: GoldItem) -> dict[str, Any] | None:
    """Why it is heard so, in the reader's language or another that it was written in; None where nobody wrote it."""
    told = {tag: said for tag, said in item.explanation.items() if said}
    tag = next((tag for tag in (words.reading(), SOURCE_LANGUAGE, *told) if tag in told), None)
    return {"language": words.tongue(tag), "words": told[tag]} if tag else None


def progress_in(request: HttpRequest, languages: list[str]) -> dict[str, Progress]:
    """Where the person is in each of the languages; a stranger is at the beginning of all."""
    person = request.user if request.user.is_authenticated else None
    return tutorial.progresses(person, languages, now=timezone.now())


def is_heard(language: str, heard: list[str] | None) -> bool:
    """Whether the language is one that the person listens to; None stands for every one."""
    return heard is None or any(tags.is_within(language, own) for own in heard)


def known(language: str) -> None:
    """404 for a language that nothing is asked in."""
    if language not in tutorial.languages():
        raise Http404
