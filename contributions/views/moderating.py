"""A moderator's way through what was set aside: the list, one clip with all that is known of it, and the verdict."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from contributions import permissions
from contributions.forms.bulk import CLIPS_MAX as CLIPS_A_PAGE
from contributions.forms.bulk import BulkForm
from contributions.forms.verdicts import DECISIONS, SetAsideForm, VerdictForm
from contributions.listening import reports, reveals
from contributions.models import Clip, ClipReport, Examination, Purpose, Verdict
from contributions.models.clip import ClipQuerySet
from contributions.permissions import decidable_by, may_moderate
from contributions.screening import suspicions, verdicts
from contributions.views import evidence, words
from openempathic import storage
from openempathic.accounts.doors import open_to

COUNTED_MAX = 1000
S = Clip.Status

moderators_only = open_to(
    may_moderate, otherwise=gettext_noop("This page is for moderators. You can still give your voice.")
)


@moderators_only
@never_cache
@require_safe
def moderate(request: HttpRequest) -> HttpResponse:
    """The clips that wait for a moderator, the longest waiting first, a page at a time."""
    return list_page(request, BulkForm())


def list_page(request: HttpRequest, bulk: BulkForm, *, status: int = 200) -> HttpResponse:
    """The list, with what is to become of several at once as far as it was filled in."""
    form = choice(request)
    asked = form.among(decidable_by(request.user), person=request.user)
    page = CountedSoFar(asked, CLIPS_A_PAGE).get_page(request.GET.get("page"))
    facts = {
        "form": form,
        "bulk": bulk,
        "page": page,
        "is_more": page.paginator.count > COUNTED_MAX,
        "counted": COUNTED_MAX,
        "clips": listed(list(page), reader=request.user),
        "query": urlencode(form.asked()),
    }
    return render(request, "moderate/list.html", facts, status=status)


class CountedSoFar(Paginator):
    """Pages of a list that is counted no further than anybody pages: a long one costs no more than this."""

    @cached_property
    def count(self) -> int:
        """How many there are, or one more than we count."""
        listed: Any = self.object_list
        return int(listed[: COUNTED_MAX + 1].count())


def listed(clips: list[Clip], *, reader: Any) -> list[dict[str, Any]]:
    """The clips as the list shows them, in as many queries for many as for one."""
    there = Clip.objects.filter(pk__in=[clip.pk for clip in clips])
    marks = verdicts.marks(clips)
    suspected = set(suspicions.suspected(there).values_list("pk", flat=True))
    reported = dict(
        ClipReport.objects.filter(clip__in=there, answer__isnull=True).values_list("clip").annotate(Count("pk"))
    )
    proposals = {each.clip_id: each for each in suspicions.proposed().filter(clip__in=there)}
    return [
        in_a_list(clip)
        | {
            "seen": marks.get(clip.pk, ""),
            "is_suspected": clip.pk in suspected,
            "reports": reported.get(clip.pk, 0),
            "proposal": proposals.get(clip.pk),
            "is_own_proposal": clip.pk in proposals and proposals[clip.pk].decided_by_id == reader.pk,
        }
        for clip in clips
    ]


def choice(request: HttpRequest) -> SetAsideForm:
    """What the moderator wants to see; the choices are what there is in their languages."""
    there = Clip.objects.filter(permissions.moderated(request.user), status__in=permissions.DECIDABLE).order_by()
    codes = there.exclude(status_reason="").values_list("status_reason", flat=True).distinct()
    tags = there.values_list("language", flat=True).distinct()
    return SetAsideForm(
        request.GET,
        reasons=sorted(((code, evidence.reason(code)) for code in codes), key=lambda pair: pair[1]),
        languages=sorted(((tag, words.tongue(tag).label) for tag in tags), key=lambda pair: pair[1]),
    )


def in_a_list(clip: Clip) -> dict[str, Any]:
    """A clip as the list shows it."""
    return {
        "clip": clip,
        "status": evidence.STATUS[S(clip.status)],
        "reason": evidence.reason(clip.status_reason) if clip.status_reason else "",
        "language": words.tongue(clip.language),
    }


@moderators_only
@never_cache
@require_safe
def clip(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """All that is known of one clip, and the verdict to be given."""
    found = get_object_or_404(decidable_by(request.user).select_related("contributor"), pk=clip_id)
    return clip_page(request, found, VerdictForm(initial={"seen": verdicts.mark_of(found)}))


def clip_page(request: HttpRequest, clip: Clip, form: VerdictForm, **more: Any) -> HttpResponse:
    """The page on which one clip is heard and decided about; neither prompt emotion nor model is on it.

    Where listeners have said whether it can be used, the reader learns what, and listens to it blindly no more.
    """
    status = more.pop("status", 200)
    said = evidence.said_of_use(clip)
    if said:
        reveals.reveal(clip, to=request.user)
    examinations = list(clip.examinations.select_related("rules", "twin").order_by("-pk"))
    measured_by = next((each for each in examinations if each.measures), None)
    held = evidence.measured(clip, measured_by)
    facts = {
        **in_a_list(clip),
        **twin_of(clip, examinations),
        "form": form,
        "seen": verdicts.mark_of(clip),
        "decisions": decisions_on(clip),
        "reasons": [(code, evidence.reason(code)) for code in verdicts.known_reasons(clip)],
        "crossed": [each for each in held if each.is_crossed],
        "within": [each for each in held if not each.is_crossed],
        "opinions": evidence.opinions(examinations),
        "history": evidence.history(clip, reader=request.user),
        "said_of_use": said,
        **delicate(clip, reader=request.user),
        "has_sound": verdicts.has_sound(clip),
        "pictured": pictured(clip, examinations),
        "needs_sound": [str(status) for status in verdicts.USABLE],
        "query": request.GET.urlencode(),
    }
    return render(request, "moderate/clip.html", facts | more, status=status)


def delicate(clip: Clip, *, reader: Any) -> dict[str, Any]:
    """Who reported the clip for what, and whether two people have to agree about it."""
    proposal = suspicions.proposal_on(clip)
    return {
        "reports": [(each, reports.in_words(each.reason)) for each in reports.unanswered(clip)],
        "is_suspected": suspicions.is_suspected(clip),
        "proposal": proposal,
        "proposed": evidence.decision(proposal.to_status) if proposal else "",
        "is_own_proposal": proposal is not None and proposal.decided_by_id == reader.pk,
    }


def decisions_on(clip: Clip) -> list[tuple[str, Any]]:
    """What may become of a clip of this status."""
    return [(str(value), label) for value, label in DECISIONS if value != clip.status]


def pictured(clip: Clip, examinations: list[Examination]) -> list[UUID]:
    """Which of the clip and those like it have a picture of their sound: older ones have none."""
    shown = [clip, *(each.twin for each in examinations if each.twin)]
    return [each.pk for each in shown if is_stored(each.spectrogram)]


def is_stored(key: str) -> bool:
    """Whether storage has it."""
    try:
        storage.stat(key)
    except storage.NotStored:
        return False
    return True


def twin_of(clip: Clip, examinations: list[Examination]) -> dict[str, Any]:
    """The clip that a machine found this one to be like, while it is there to be heard."""
    like = next((each.twin for each in examinations if each.twin), None)
    if like is None:
        return {}
    there = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).select_related("contributor")
    twin = there.filter(pk=like.pk).first()
    return {
        "is_like_another": True,
        "twin": twin,
        "twin_status": evidence.STATUS[S(twin.status)] if twin else "",
        "is_of_the_same_person": bool(twin and evidence.owners_of(clip) & evidence.owners_of(twin)),
    }


@moderators_only
@never_cache
@require_POST
def verdict(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """Keep the verdict and go on to the next clip; where it cannot be kept, say why and lose nothing of it."""
    found = get_object_or_404(permissions.impartial(request.user).select_related("contributor"), pk=clip_id)
    form = VerdictForm(request.POST)
    try:
        kept = verdicts.decide(found, by=request.user, decision=complete(form), seen=form.cleaned_data["seen"])
    except verdicts.NotDecidable as refusal:
        return not_kept(request, clip_id, form, refusal)
    messages.success(request, told(kept))
    return onward(request, found)


def told(kept: Verdict) -> str:
    """What became of a verdict."""
    decision = {"decision": evidence.decision(kept.to_status)}
    if kept.is_proposal:
        return _("You propose: %(decision)s. Another moderator has to agree before anything happens.") % decision
    return _("Kept: %(decision)s.") % decision


def complete(form: VerdictForm) -> verdicts.Decision:
    """The form's verdict; raises IncompleteVerdict where something is missing or unknown."""
    if not form.is_valid():
        raise verdicts.IncompleteVerdict
    return form.decision()


def not_kept(request: HttpRequest, clip_id: UUID, form: VerdictForm, refusal: verdicts.NotDecidable) -> HttpResponse:
    """The clip's page again with what was filled in, while there is something to decide; else why there is not."""
    found = decidable_by(request.user).select_related("contributor").filter(pk=clip_id).first()
    if found is None:
        return left(request, clip_id, form)
    if isinstance(refusal, verdicts.DecidedMeanwhile):
        meanwhile = last_of(found, request)
        return clip_page(request, found, form, refusal=refusal.message, meanwhile=meanwhile, status=409)
    return clip_page(request, found, form, refusal=refusal.message, status=422)


def left(request: HttpRequest, clip_id: UUID, form: VerdictForm) -> HttpResponse:
    """Why the clip waits no more, with what was typed, so that nothing of it is lost."""
    covered = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).select_related("contributor")
    there = covered.filter(pk=clip_id).first()
    facts: dict[str, Any] = {"form": form, "refusal": verdicts.TakenBack().message}
    if there:
        facts |= {"refusal": verdicts.DecidedMeanwhile().message, "meanwhile": last_of(there, request)}
    return render(request, "moderate/left.html", facts, status=409 if there else 410)


def last_of(clip: Clip, request: HttpRequest) -> list[evidence.Happened]:
    """What happened to the clip last."""
    return evidence.history(clip, reader=request.user)[-1:]


def onward(request: HttpRequest, decided: Clip) -> HttpResponseRedirect:
    """To the next clip of those that the moderator looks at, or to the list where there is none."""
    query = request.GET.urlencode()
    following = choice(request).among(decidable_by(request.user), person=request.user).exclude(pk=decided.pk)
    after = next_after(following, decided)
    address = reverse("moderate-clip", args=[after.pk]) if after else reverse("moderate")
    return redirect(f"{address}?{query}" if query else address)


def next_after(clips: ClipQuerySet, decided: Clip) -> Clip | None:
    """The first of the clips that is no older than the decided one."""
    return clips.filter(stored_at__gte=decided.stored_at).first()
