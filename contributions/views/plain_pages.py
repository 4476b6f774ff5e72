"""The pages in plain words: what we keep and for how long, what nobody may do, and how a machine listens.

They are ours and need local legal review, and each says so. What depends on the settings, on the model in use or on the
list of prohibited uses is filled in where the text has braces, so that no page promises other than what is done.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from contributions import taxonomy
from contributions.consenting import retention as keeping
from contributions.taxonomy import reading, restrictions
from contributions.views import words
from contributions.views.recalls import Recall, recall
from openempathic.accounts import limits
from openempathic.accounts.models import INVITATION_STANDS
from openempathic.registry.champion import suggester

DAYS_A_YEAR = 365


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What we keep of a person, why, and for how long."""
    return plain_page(request, "privacy", title=_("Privacy"))


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """What we ask of each other, and what nobody may do with what comes from here."""
    return plain_page(request, "terms", title=_("Terms"))


@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    """Every period, as this site is set."""
    return plain_page(request, "retention", title=_("How long we keep things"))


@require_safe
def machine_notice(request: HttpRequest) -> HttpResponse:
    """That a model infers emotion from clips, what for, how well, and how to refuse (EU AI Act, Art. 50(3))."""
    holder = suggester()
    told = holder.evaluation if holder else {}
    facts = {
        "suggester": holder,
        "recalls": list(recalls(told)),
        "chance": told.get("chance"),
        "feelings": [words.feeling(name).label for name in told.get("emotions", []) if name in known_feelings()],
    }
    title = _("How a machine listens")
    return plain_page(request, "machine_notice", title=title, template="pages/machine_notice.html", **facts)


def plain_page(
    request: HttpRequest, name: str, *, title: str, template: str = "pages/plain.html", **facts: Any
) -> HttpResponse:
    """A page of plain words, in the reader's language or else in English."""
    for language in (words.reading(), taxonomy.SOURCE_LANGUAGE):
        try:
            body = filled_in(taxonomy.page(name, language), language)
        except taxonomy.NotWritten:
            continue
        return render(request, template, {"title": title, "language": language, "body": body, **facts})
    raise Http404


def filled_in(text: str, language: str) -> SafeString:
    """The text as HTML, with the periods and the list where it has braces."""
    for name, said in {**periods(), "prohibited_uses": restrictions.listed(language)}.items():
        text = text.replace(f"{{{name}}}", said)
    return mark_safe(reading.as_html(text))  # noqa: S308  it escapes what it is given


def periods() -> dict[str, str]:
    """Every period that a page tells, from where the site takes it."""
    return {
        "retention": in_years(settings.RETENTION_DAYS),
        "warning": in_days(keeping.WARNED_AHEAD.days),
        "purge": in_hours(settings.PURGE_HOURS),
        "backup": in_days(settings.BACKUP_DAYS),
        "logs": in_days(settings.LOG_DAYS),
        "guest": in_days(keeping.ABANDONED_AFTER.days),
        "session": in_days(settings.SESSION_COOKIE_AGE // (24 * 3600)),
        "invitation": in_days(INVITATION_STANDS.days),
        "tries": in_days(limits.KEPT.days),
    }


def in_years(days: int) -> str:
    """So many whole years where it is that, and always the days."""
    if days % DAYS_A_YEAR:
        return in_days(days)
    years = days // DAYS_A_YEAR
    said = ngettext("%(count)s year", "%(count)s years", years) % {"count": years}
    return f"{said} ({in_days(days)})"


def in_days(days: int) -> str:
    """So many days."""
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


def in_hours(hours: int) -> str:
    """So many hours."""
    return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}


def known_feelings() -> set[str]:
    """Feelings that we have words for; a model may have learned another from a corpus."""
    return {emotion.name for emotion in taxonomy.emotions()}


def recalls(evaluation: dict[str, Any]) -> Iterator[Recall]:
    """What an eval.json says of the suggestions: over all, then by language."""
    if "zero_shot" in evaluation:
        yield recall(_("All languages"), evaluation["zero_shot"])
        for tag, summary in evaluation.get("by_language", {}).items():
            yield recall(named(tag), summary)


def named(tag: str) -> str:
    """What the language is called; its tag where we do not know it."""
    try:
        return words.tongue(tag).label
    except taxonomy.UnknownLanguage:
        return tag
