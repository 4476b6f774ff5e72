"""Labels: what the standing blind ratings of a clip say, by a method that has a name and a version.

A label is a function of ratings and can be thrown away at any time. `counts-1` is kept in the transaction that adds or
voids a rating. Whatever else was made of the clip's ratings is erased in that same transaction, so that a label which
is here was made of exactly the ratings that stand; a worker makes it anew.

It does not know how strong a feeling was, only which were heard and by how many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import prod

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from contributions.models import Clip, ClipLabel, Figure, Rating, RatingVoid

# Another way of reckoning is another name: labels of two versions are never taken for each other.
COUNTS = "counts-1"
DAWID_SKENE = "dawid-skene-1"
# Of a licensed corpus, whose own annotation is its label.
CORPUS = "corpus"
# Answers that say no emotion a model could learn; counted, so that it is seen how many gave them.
NOT_AN_EMOTION = frozenset({"other", "cannot_tell"})
# A clip is never worth less: in a batch of nothing else there would be nothing to take a mean of.
LEAST_WEIGHT = 0.01
# Where the reliabilities of a language lie, as the last aggregation left them.
RELIABILITIES = "reliabilities"
# Until when the ratings were last looked at; what was being written at that moment is looked at twice.
LOOKED, OVERLAP = "labels", timedelta(minutes=1)
THE_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def counts(votes: Iterable[str]) -> dict[str, float]:
    """The share of the votes that each answer has, `other` and `cannot_tell` among them; empty without votes."""
    given = Counter(votes)
    return {answer: round(count / given.total(), 6) for answer, count in sorted(given.items())}


def learnable(probabilities: Mapping[str, float]) -> dict[str, float]:
    """The emotions alone, with shares that sum to 1 again; empty where nobody named one."""
    named = {name: share for name, share in sorted(probabilities.items()) if name not in NOT_AN_EMOTION and share > 0}
    whole = sum(named.values())
    return {name: round(share / whole, 6) for name, share in named.items()}


def most_likely(probabilities: Mapping[str, float]) -> str:
    """The answer with the largest share, the first in the alphabet when they are level; empty where there is none."""
    return max(sorted(probabilities), key=lambda answer: probabilities[answer], default="")


def heard_in(clip: Clip) -> list[str]:
    """What each listener heard whose answer counts, in the order of their answers."""
    usable = Rating.objects.counting().filter(clip=clip, is_usable=True)
    return list(usable.order_by("rated_at", "pk").values_list("emotion", flat=True))


def follow(clip: Clip) -> None:
    """In the transaction that adds or voids a rating, with the clip's row held: make its labels fit what stands."""
    votes, shares = heard_in(clip), None
    if votes:
        shares = counts(votes)
        label = ClipLabel(
            clip=clip,
            method=COUNTS,
            emotion=most_likely(shares),
            probabilities=shares,
            rating_count=len(votes),
            made_at=timezone.now(),
        )
        keep([label])
    else:
        ClipLabel.objects.filter(clip=clip, method=COUNTS).delete()
    # After the counts, in the order in which a worker takes them: two who wait for each other would wait for ever.
    ClipLabel.objects.filter(clip=clip).exclude(method=COUNTS).delete()


def keep(labels: list[ClipLabel]) -> None:
    """Write these labels over those of the same clips and methods."""
    ClipLabel.objects.bulk_create(
        labels,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["clip", "method"],
        update_fields=["emotion", "probabilities", "rating_count", "made_at"],
    )


def recompute(language: str) -> int:
    """Make the counts of the language's clips where they are missing or of another number; how many there were.

    Nothing is left to do where every act called `follow`; it is for ratings that are older than labels.
    """
    standing = Rating.objects.counting().filter(clip=OuterRef("pk"), is_usable=True).order_by()
    number = standing.values("clip").annotate(number=Count("pk")).values("number")
    kept = ClipLabel.objects.filter(clip=OuterRef("pk"), method=COUNTS).values("rating_count")[:1]
    clips = Clip.objects.filter(language=language).annotate(
        standing=Coalesce(Subquery(number), 0), counted=Coalesce(Subquery(kept), 0)
    )
    astray = list(clips.exclude(standing=F("counted")).values_list("pk", flat=True))
    for pk in astray:
        with transaction.atomic():
            follow(Clip.objects.select_for_update().get(pk=pk))
    return len(astray)


def reliabilities(language: str) -> dict[int, float]:
    """How probably each listener of the language names the emotion that a clip has, 0 to 1, by account.

    Empty until there are enough ratings to tell; as of the last aggregation.
    """
    figure = Figure.objects.filter(name=RELIABILITIES, language=language).first()
    return {int(rater): value for rater, value in figure.content["raters"].items()} if figure else {}


def weight_of(raters: Collection[int | None], known: Mapping[int, float]) -> float:
    """How much a clip's label should teach: how probably at least one of those who heard it was right.

    1 where nothing is known of the language's listeners; one of whom nothing is known counts as the mean of the rest.
    """
    if not known or not raters:
        return 1.0
    mean = sum(known.values()) / len(known)
    all_wrong = prod(1 - (mean if rater is None else known.get(rater, mean)) for rater in raters)
    return max(LEAST_WEIGHT, round(1 - all_wrong, 2))


def catch_up(*, now: datetime) -> list[str]:
    """Make estimates and agreement anew where somebody rated since the last time; returns in which languages.

    Killed half-way it leaves whole labels of some languages, and the next time begins with the same ones.
    """
    # Numpy and pandas: in the workers only.
    from contributions.listening import aggregation, agreement

    looked = Figure.objects.filter(name=LOOKED, language="").first()
    changed = languages_changed(looked.reckoned_at - OVERLAP if looked else THE_BEGINNING)
    forget_the_gone()
    for language in changed:
        recompute(language)
        aggregation.recompute(language, at=now)
        agreement.recompute(language, at=now)
    Figure.objects.update_or_create(name=LOOKED, language="", defaults={"content": {}, "reckoned_at": now})
    return changed


def forget_the_gone() -> None:
    """Take the accounts that are no more out of what is known of listeners."""
    for figure in Figure.objects.filter(name=RELIABILITIES):
        told = figure.content["raters"]
        here = {str(pk) for pk in get_user_model().objects.in_bulk([int(rater) for rater in told])}
        if gone := told.keys() - here:
            figure.content["raters"] = {rater: share for rater, share in told.items() if rater not in gone}
            figure.save(update_fields=["content"])


def languages_changed(since: datetime) -> list[str]:
    """The languages in which somebody rated, or a rating was voided, after the moment."""
    rated = Clip.objects.filter(ratings__rated_at__gt=since)
    voided = Clip.objects.filter(pk__in=RatingVoid.objects.filter(voided_at__gt=since).values("rating__clip"))
    told = {*rated.order_by().values_list("language", flat=True).distinct()}
    return sorted(told | {*voided.order_by().values_list("language", flat=True).distinct()})
