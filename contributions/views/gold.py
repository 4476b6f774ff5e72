"""A curator's way to gold: which clips others learn from and are held against, what is heard in them, and why."""

from collections import Counter
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions.forms.gold import CANDIDATES, RESTING, TUTORIAL, GoldForm, GoldListForm
from contributions.listening import gold, reveals, tutorial
from contributions.models import Annotation, Clip, GoldItem, Rating, RatingTurn
from contributions.models.clip import ClipQuerySet
from contributions.views import words
from openempathic.accounts.doors import curators_only

CLIPS_A_PAGE = 20
# The highest page that is asked for; further on nobody reads, and a database would count for long.
PAGES_MAX = 500


@curators_only
@never_cache
@require_safe
def gold_list(request: HttpRequest) -> HttpResponse:
    """The items, or the clips to choose from, to hear; never with what was heard in them, since one may yet listen."""
    form = GoldListForm(request.GET, languages=languages())
    asked = form.asked()
    clips = among(gold.playable().not_of(request.user), asked["kept"]).order_by("-stored_at")
    if "language" in asked:
        clips = clips.filter(language=asked["language"])
    number = page_number(request)
    found = list(clips.select_related("gold")[(number - 1) * CLIPS_A_PAGE : number * CLIPS_A_PAGE + 1])
    facts = {
        "form": form,
        "clips": [listed(each) for each in found[:CLIPS_A_PAGE]],
        "lacking": lacking(),
        "examples": tutorial.EXAMPLES,
        "query": urlencode(asked),
        "before": number - 1,
        "after": number + 1 if len(found) > CLIPS_A_PAGE else 0,
    }
    return render(request, "gold/list.html", facts)


def among(clips: ClipQuerySet, kept: str) -> ClipQuerySet:
    """Those of the clips that are on the list."""
    items = GoldItem.objects.filter(clip=OuterRef("pk"))
    rests = Q(is_active=False) | Q(emotions=[])
    if kept == CANDIDATES:
        return clips.exclude(Exists(items))
    if kept == RESTING:
        return clips.filter(Exists(items.filter(rests)))
    return clips.filter(Exists(items.exclude(rests).filter(is_for_tutorial=kept == TUTORIAL)))


def languages() -> list[tuple[str, str]]:
    """The languages that have accepted clips, by their names."""
    there = Clip.objects.filter(status=Clip.Status.ACCEPTED).order_by().values_list("language", flat=True).distinct()
    return sorted(((tag, words.tongue(tag).label) for tag in there), key=lambda pair: pair[1])


def lacking() -> list[dict[str, Any]]:
    """The languages with accepted clips whose tutorial cannot begin yet, and how many examples each has."""
    there = Counter(gold.usable().filter(is_for_tutorial=True).values_list("language", flat=True))
    return [
        {"label": label, "tag": tag, "there": there[tag]}
        for tag, label in languages()
        if there[tag] < tutorial.EXAMPLES
    ]


def page_number(request: HttpRequest) -> int:
    """Which page is asked for; the first where that is none."""
    said = request.GET.get("page", "")
    return min(max(int(said), 1), PAGES_MAX) if said.isascii() and said.isdigit() else 1


def listed(clip: Clip) -> dict[str, Any]:
    """A clip as the list shows it: what is known of it besides what it sounds like."""
    item = getattr(clip, "gold", None)
    return {
        "clip": clip,
        "item": item,
        "language": words.tongue(clip.language),
        "is_by_hand": item is not None and item.chosen_by_id is not None,
        "is_explained": item is not None and any(item.explanation.values()),
    }


def heard_by(person: Any, clip_id: UUID) -> Clip:
    """The clip that may be chosen by this curator; 404 for their own, and for one that is not accepted or covered."""
    return get_object_or_404(gold.playable().not_of(person).select_related("gold", "licence"), pk=clip_id)


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def gold_item(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """One clip: its sound, what is heard in it for whoever asked for that, and the band to be kept."""
    clip = heard_by(request.user, clip_id)
    if request.method == "POST":
        return chosen(request, clip)
    begun = GoldForm.of(item_of(clip), reader=words.reading())
    return item_page(request, clip, GoldForm(initial=begun, feelings=feelings()))


def feelings() -> list[tuple[str, str]]:
    """What a band may be made of."""
    none_at_all = ("other", "cannot_tell")
    offered = [*words.core_feelings(), *words.further_feelings()]
    return [(each.value, each.label) for each in offered if each.value not in none_at_all]


def chosen(request: HttpRequest, clip: Clip) -> HttpResponse:
    """Keep the item, or say why it cannot be kept with what was filled in."""
    form = GoldForm(request.POST, feelings=feelings())
    try:
        if not form.is_valid():
            raise gold.NotGold(_("Something is missing or too long: see below."))
        gold.choose(clip, by=request.user, reader=words.reading(), **form.said())
    except gold.NotGold as refusal:
        return item_page(request, clip, form, refusal=str(refusal))
    messages.success(request, _("Kept as an example."))
    return redirect("gold-item", clip_id=clip.pk)


def item_page(request: HttpRequest, clip: Clip, form: GoldForm, *, refusal: str = "") -> HttpResponse:
    """The page of one clip; what others heard is on it only for whoever can no longer answer blindly."""
    is_open = is_revealed(clip, to=request.user)
    item = item_of(clip)
    facts = {
        **listed(clip),
        "form": form,
        "refusal": refusal,
        "is_open": is_open,
        # A band tells what others heard: it is filled in only once that may be seen.
        "is_editable": is_open or item is None,
        "is_usable": item is not None and item.is_active and bool(item.emotions),
        "votes": votes_on(clip) if is_open else [],
        "annotations": annotations_of(clip) if is_open else [],
        "band": [words.feeling(each).label for each in item.emotions] if item and is_open else [],
        "told": told_elsewhere(item) if item and is_open else [],
    }
    return render(request, "gold/item.html", facts, status=422 if refusal else 200)


def item_of(clip: Clip) -> GoldItem | None:
    """The clip's item, if it has one."""
    return getattr(clip, "gold", None)


def is_revealed(clip: Clip, *, to: Any) -> bool:
    """Whether it is noted that the person has seen more than the sound."""
    return RatingTurn.objects.filter(clip=clip, rater=to, revealed_at__isnull=False).exists()


def votes_on(clip: Clip) -> list[tuple[str, int]]:
    """What listeners heard, the most frequent first."""
    counting = Rating.objects.counting().filter(clip=clip, is_usable=True).values_list("emotion", flat=True)
    return [(words.feeling(emotion).label, times) for emotion, times in Counter(counting).most_common()]


def annotations_of(clip: Clip) -> list[str]:
    """The labels that came with a corpus."""
    own = Annotation.objects.filter(clip=clip).values_list("emotion", flat=True)
    return [words.feeling(emotion).label for emotion in own]


def told_elsewhere(item: GoldItem) -> list[dict[str, Any]]:
    """The explanations in other languages than the reader's."""
    others = {tag: said for tag, said in item.explanation.items() if said and tag != words.reading()}
    return [{"language": words.tongue(tag), "words": said} for tag, said in others.items()]


@curators_only
@never_cache
@require_POST
def opening(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """Note that the curator sees what others heard, and show it."""
    clip = heard_by(request.user, clip_id)
    reveals.reveal(clip, to=request.user)
    return redirect("gold-item", clip_id=clip.pk)


@curators_only
@never_cache
@require_POST
def state(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """Retire an item, or bring it back."""
    clip = heard_by(request.user, clip_id)
    item = get_object_or_404(GoldItem, clip=clip)
    if request.POST.get("is_active") == "yes":
        gold.restore(item, by=request.user)
        messages.success(request, _("It is played again."))
    else:
        gold.retire(item, by=request.user)
        messages.success(request, _("It is retired: nobody is asked to hear it as an example any more."))
    return redirect("gold-item", clip_id=clip.pk)
