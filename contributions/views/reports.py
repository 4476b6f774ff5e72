"""Reporting a clip, reading what was answered, and a moderator's way to the reports of clips that are still heard."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from contributions.forms.reports import AnswerForm, ClipReportForm
from contributions.listening import reports
from contributions.models import Clip, ClipReport
from contributions.screening import verdicts
from contributions.views import evidence, words
from contributions.views.hearing import for_accounts
from contributions.views.moderating import moderators_only, pictured

REPORTS_A_PAGE = 25
S = Clip.Status


@for_accounts
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """Say what is wrong with a clip that one has heard; works without a script."""
    clip = get_object_or_404(reports.reportable_by(request.user), pk=clip_id)
    form = ClipReportForm(request.POST if request.method == "POST" else None)
    refusal = ""
    if form.is_valid():
        try:
            reports.report(clip, by=request.user, **form.cleaned_data)
        except reports.NotReportable as refused:
            refusal = refused.message
        else:
            messages.success(request, _("Thank you. A moderator will hear it and answer you under Your reports."))
            return redirect("listen")
    facts = {"form": form, "clip": clip, "refusal": refusal}
    return render(request, "reports/report.html", facts, status=status_of(form, refusal))


def status_of(form: ClipReportForm, refusal: str) -> int:
    """What a page with a form answers."""
    if refusal:
        return 409
    return 422 if form.is_bound else 200


@login_required
@never_cache
@require_safe
def own_reports(request: HttpRequest) -> HttpResponse:
    """What the person reported, and what was answered; never by whom."""
    page = Paginator(reports.of(request.user), REPORTS_A_PAGE).get_page(request.GET.get("page"))
    answer = render(request, "reports/own.html", {"page": page, "reports": [as_own(each) for each in page]})
    reports.note_read(request.user)
    return answer


def as_own(report: ClipReport) -> dict[str, Any]:
    """A report as its author reads it."""
    return {
        "report": report,
        "reason": reports.in_words(report.reason),
        "language": words.tongue(report.clip.language),
        "outcome": outcome(report),
    }


def outcome(report: ClipReport) -> str:
    """What became of the clip, as far as its reporter is told; empty while nobody has answered."""
    answer = getattr(report, "answer", None)
    if answer is None:
        return ""
    if answer.verdict is None:
        return _("A moderator heard it and leaves it with the listeners.")
    if answer.verdict.to_status == S.REJECTED:
        return _("It was refused: nobody hears it any more.")
    if answer.verdict.to_status == S.STORED:
        return _("It is being checked anew.")
    return _("A moderator heard it and found that it can be used.")


@moderators_only
@never_cache
@require_safe
def open_reports(request: HttpRequest) -> HttpResponse:
    """The clips with a report that nobody has answered: first those that are still heard, the oldest first."""
    heard = reports.open_to(request.user).order_by("stored_at", "pk")
    page = Paginator(heard, REPORTS_A_PAGE).get_page(request.GET.get("page"))
    facts = {"page": page, "clips": [as_reported(clip) for clip in page]}
    return render(request, "reports/open.html", facts)


def as_reported(clip: Clip) -> dict[str, Any]:
    """A clip with what its reporters said of it."""
    return {
        "clip": clip,
        "status": evidence.STATUS[S(clip.status)],
        "language": words.tongue(clip.language),
        "reports": [(each, reports.in_words(each.reason)) for each in reports.unanswered(clip)],
    }


@moderators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reported(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """Hear a clip that one listener reported: set it aside, for another moderator to decide, or leave it and answer."""
    clip = get_object_or_404(reports.open_to(request.user), pk=clip_id)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    refusal = ""
    if form.is_valid():
        try:
            messages.success(request, answered(clip, form, by=request.user))
            return redirect("moderate-reports")
        except reports.NotReportable as refused:
            refusal = refused.message
    facts = {
        **as_reported(clip),
        "form": form,
        "refusal": refusal or (reports.NotReportable().message if form.is_bound else ""),
        "has_sound": verdicts.has_sound(clip),
        "pictured": pictured(clip, []),
    }
    return render(request, "reports/reported.html", facts, status=422 if form.is_bound else 200)


def answered(clip: Clip, form: AnswerForm, *, by: Any) -> str:
    """Do what the moderator chose; the sentence that says so."""
    said = form.cleaned_data["words"]
    if form.cleaned_data["outcome"] == AnswerForm.LEAVE:
        reports.leave(clip, by=by, words=said)
        return _("Answered. The clip stays with the listeners.")
    first = reports.unanswered(clip).first()
    if first is None:
        raise reports.NothingToAnswer
    reports.report(clip, by=by, reason=first.reason, words=said)
    return _("Set aside: nobody hears it until another moderator has decided.")
