"""What was said of prompts, gathered for the curators who decide about them."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from contributions.models import Prompt, PromptDecision, PromptReport, PromptSkip

SHOWN = 100
WORDS_SHOWN = 5


@dataclass(frozen=True)
class Hearing:
    """One prompt with what people said of it; the newest own words first, nobody's name at them."""

    prompt: Prompt
    reports: Counter[str]
    skips: Counter[str]
    words: list[str]
    decision: PromptDecision | None


def hearings() -> list[Hearing]:
    """The prompts that were reported, skipped or decided on, the most reported first."""
    reports, skips = by_reason(PromptReport.objects.all()), by_reason(PromptSkip.objects.all())
    decisions = {made.prompt_id: made for made in PromptDecision.objects.select_related("decided_by").order_by("pk")}
    known = {*reports, *skips, *decisions}
    first = sorted(known, key=lambda pk: (-reports[pk].total(), -skips[pk].total(), pk))[:SHOWN]
    prompts, words = Prompt.objects.in_bulk(first), own_words(first)
    return [Hearing(prompts[pk], reports[pk], skips[pk], words[pk], decisions.get(pk)) for pk in first]


def by_reason(said: QuerySet[Any]) -> defaultdict[str, Counter[str]]:
    """How often each reason was given, by prompt."""
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for prompt, reason, times in said.values_list("prompt", "reason").annotate(Count("pk")).order_by():
        counted[prompt][reason] = times
    return counted


def own_words(prompts: Iterable[str]) -> defaultdict[str, list[str]]:
    """The newest own words about each of the prompts, reports before skips."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for said in (PromptReport, PromptSkip):
        rows = said.objects.filter(prompt__in=list(prompts)).exclude(words="").order_by("-pk")
        for prompt, words in rows.values_list("prompt", "words")[: SHOWN * WORDS_SHOWN]:
            if len(found[prompt]) < WORDS_SHOWN:
                found[prompt].append(words)
    return found
