"""A curator's way to the rules of screening: what they say, what a change would do, and the change."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from contributions import permissions
from contributions.forms.rules import CONSEQUENCES, RuleChangeForm, RuleForm
from contributions.models import Clip, Prompt, RulesVersion
from contributions.screening import foresight, rules
from contributions.screening.foresight import Effect, Foresight, Touched, Touching
from contributions.taxonomy import reasons, screening
from contributions.taxonomy.measures import measure_of, told
from contributions.taxonomy.screening import Comparison, Consequence, Rule
from contributions.taxonomy.styles import styles
from contributions.views import words
from contributions.views.evidence import STATUS
from openempathic.accounts.doors import curators_only

VERSIONS_SHOWN = 20
GRAVEST_FIRST = (Consequence.UNUSABLE, Consequence.WARN, Consequence.NOTE, Consequence.OFF)
SENTENCES = {
    Comparison.BELOW: gettext_lazy("%(measure)s below %(threshold)s"),
    Comparison.ABOVE: gettext_lazy("%(measure)s above %(threshold)s"),
    Comparison.BEYOND: gettext_lazy("%(measure)s more than %(threshold)s, to either side"),
}
MODES = {
    Prompt.Kind.ACTED: gettext_lazy("sentences"),
    Prompt.Kind.OWN_WORDS: gettext_lazy("own words"),
}
EFFECTS = {
    Effect.UNUSABLE: gettext_lazy("Would become unusable"),
    Effect.FREED: gettext_lazy("Would become usable"),
    Effect.WARNED: gettext_lazy("Would be warned about"),
    Effect.UNWARNED: gettext_lazy("Would no longer be warned about"),
}


@curators_only
@never_cache
@require_safe
def all_rules(request: HttpRequest) -> HttpResponse:
    """The rules in force by what follows, and who changed them when and why."""
    version = rules.current()
    table = [described(rule) for rule in rules.table(version)]
    groups = [(CONSEQUENCES[each], [row for row in table if row["rule"].consequence is each]) for each in GRAVEST_FIRST]
    versions = RulesVersion.objects.select_related("changed_by").order_by("-version")[:VERSIONS_SHOWN]
    facts = {"version": version, "groups": [group for group in groups if group[1]], "versions": versions}
    return render(request, "curation/rules.html", facts)


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one_rule(request: HttpRequest, name: str) -> HttpResponse:
    """One rule; with a threshold in the address what it would do, and at a POST the change itself."""
    version = rules.current()
    table = rules.table(version)
    try:
        rule = rules.named(name, table)
    except LookupError as unknown:
        raise Http404 from unknown
    if request.method == "POST":
        return changed(request, rule, table)
    form = RuleForm(request.GET if "threshold" in request.GET else None, rule=rule)
    return answer(request, version, table, rule, form)


def changed(request: HttpRequest, rule: Rule, table: tuple[Rule, ...]) -> HttpResponse:
    """Save the change, or say why not beside what it would do."""
    form = RuleChangeForm(request.POST, rule=rule)
    refusal = ""
    if form.is_valid():
        said = form.cleaned_data
        try:
            after = rules.change(form.change(), seen=said["seen"], reason=said["reason"], by=request.user)
        except rules.NotChangeable as why:
            refusal = str(why)
        else:
            messages.success(request, _("Saved as version %(version)d.") % {"version": after.version})
            if said["screen_again"]:
                sent = foresight.screen_again(rules.table(after), by=request.user)
                messages.success(request, screened_again(sent))
            return redirect("rules")
    return answer(request, rules.current(), table, rule, form, refusal=refusal)


def screened_again(sent: int) -> str:
    """What to say of the clips that were sent."""
    said = ngettext("%(sent)d clip is screened again.", "%(sent)d clips are screened again.", sent) % {"sent": sent}
    more = _("More may be waiting: the operator can send them all.")
    return said if sent < foresight.AGAIN_AT_ONCE else f"{said} {more}"


def answer(
    request: HttpRequest,
    version: RulesVersion,
    table: tuple[Rule, ...],
    rule: Rule,
    form: RuleForm,
    *,
    refusal: str = "",
) -> HttpResponse:
    """The rule's page: its form and, where it is filled in with something else, what that would do."""
    facts = {"each": described(rule), "form": form, "version": version, "refusal": refusal, "foresight": None}
    if form.is_bound and form.is_valid():
        change = form.change()
        try:
            rules.check(change, table)
        except rules.NotChangeable as why:
            facts["refusal"] = refusal or str(why)
        else:
            foreseen = foresight.foresee(change, table)
            facts["foresight"] = in_words(foreseen, rule)
            facts["would_say"] = sentence(rules.named(rule.name, rules.changed(table, change)))
            facts["follows"] = CONSEQUENCES[change.consequence]
    # Only a POST that comes here was refused.
    return render(request, "curation/rule.html", facts, status=422 if request.method == "POST" else 200)


def described(rule: Rule) -> dict[str, Any]:
    """One rule in the reader's words."""
    shipped = next((each for each in screening.rules() if each.name == rule.name), rule)
    is_changed = (shipped.threshold, shipped.consequence) != (rule.threshold, rule.consequence)
    manners = {one.name: words.style(one).label for one in styles()}
    return {
        "rule": rule,
        "sentence": sentence(rule),
        "meaning": measure_of(rule.measure).meaning,
        "reason": reasons.screening_reason(rule.reason),
        "follows": CONSEQUENCES[rule.consequence],
        "lowest": told(rule.measure, rule.lowest),
        "highest": told(rule.measure, rule.highest),
        "modes": [MODES.get(Prompt.Kind(mode), mode) for mode in rule.modes],
        "not_for": [manners[style] for style in rule.not_for],
        "shipped": sentence(shipped) if is_changed else "",
        "shipped_follows": CONSEQUENCES[shipped.consequence],
    }


def sentence(rule: Rule) -> str:
    """What breaks the rule, with its number and unit."""
    facts = {"measure": measure_of(rule.measure).label, "threshold": told(rule.measure, rule.threshold)}
    return str(SENTENCES[rule.comparison]) % facts


def in_words(foreseen: Foresight, rule: Rule) -> dict[str, Any]:
    """What a change would do, in the reader's words; of the ways in which it touches clips, those that it does."""
    touching = [touching_in_words(each, foreseen, rule) for each in foreseen.touching.values() if each.count]
    frees = foreseen.touching[Effect.FREED].count
    return {"count": foreseen.count, "touching": touching, "frees": frees}


def touching_in_words(touching: Touching, foreseen: Foresight, rule: Rule) -> dict[str, Any]:
    """One way in which clips are touched: how many, of which feelings and languages, and some of them."""
    return {
        "label": EFFECTS[touching.effect],
        "effect": touching.effect,
        "count": touching.count,
        "feelings": list(shares(touching.emotions, foreseen.emotions, feeling)),
        "languages": list(shares(touching.languages, foreseen.languages, lambda tag: words.tongue(tag).label)),
        "clips": [clip_in_words(each, rule) for each in touching.shown],
        "rest": touching.count - len(touching.shown),
    }


def shares(counted: Counter[str], among: Counter[str], called: Any) -> Iterable[dict[str, Any]]:
    """Each name with how many of how many, the most frequent first."""
    for name, count in counted.most_common():
        yield {"label": called(name), "count": count, "among": among[name], "share": 100 * count / among[name]}


def feeling(name: str) -> str:
    """The emotion that was asked for, in words; some clips were asked for none."""
    return words.feeling(name).label if name else _("none asked for")


def clip_in_words(touched: Touched, rule: Rule) -> dict[str, Any]:
    """One clip as it is listed: never with the feeling that was asked for, since a curator may yet listen blindly."""
    return {
        "clip_id": touched.clip_id,
        "is_decidable": touched.status in permissions.DECIDABLE,
        "status": STATUS[Clip.Status(touched.status)],
        "value": told(rule.measure, touched.value),
        "language": words.tongue(touched.language).label,
        "reasons": [reasons.screening_reason(reason).text for reason in touched.reasons],
    }
