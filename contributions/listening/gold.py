"""Gold: clips of which it is known what people hear, to learn from and to hold other answers against.

A clip that many heard alike becomes one by itself, and a curator may choose any accepted clip by hand. What is right is
a band of emotions, never one truth. What the ratings made the ratings may take back: without enough that agree, the
band is empty until they do again. What a curator decided stays. Every time it is asked anew whether the clip may be
heard: with the clip, or with the permission, its item is gone in the same moment.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from contributions import taxonomy
from contributions.listening import queue, reveals
from contributions.models import (
    Clip,
    Examination,
    GoldItem,
    Purpose,
    Rating,
    RatingTurn,
    TutorialAnswer,
    Verdict,
)
from contributions.models.clip import ClipQuerySet
from openempathic import audit
from openempathic.pieces import AT_ONCE, in_pieces

AGENT = "worker:gold"
# So many must have answered, so many parts of whom agree; whoever a fifth agrees with is right as well.
VOTES_LEAST = 5
PARTS, LEADING_PARTS, BAND_PARTS = 5, 4, 1
# One turn in so many is on gold.
ONE_IN = 10
# Wider than this it says nothing of an answer.
BAND_MAX = 3
EXPLANATION_LETTERS_MAX = 500
# How many items are looked at together: one look mostly finds one, and whoever has met all of these is given none.
LOOKED_AT = (16, 64, 256)


class NotGold(Exception):
    """The clip cannot be gold in this way; the message says why."""


def band(votes: Sequence[str]) -> list[str]:
    """The emotions that at least a fifth of the votes name, the leading one first; none while too few agree on it."""
    counted = Counter(votes)
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    if len(votes) < VOTES_LEAST or ordered[0][1] * PARTS < LEADING_PARTS * len(votes):
        return []
    known = {emotion.name for emotion in taxonomy.emotions()}
    wide = [emotion for emotion, times in ordered if times * PARTS >= BAND_PARTS * len(votes) and emotion in known]
    # What most could not tell, or put into words of their own, teaches nobody.
    return wide if wide[:1] == [ordered[0][0]] else []


def is_within(gold: GoldItem, emotion: str) -> bool:
    """Whether the answer lies within the item's band."""
    return emotion in gold.emotions


def playable() -> ClipQuerySet:
    """The accepted clips that may be heard at this moment."""
    return Clip.objects.filter(status=Clip.Status.ACCEPTED).covered_by(Purpose.STORE_AND_REVIEW)


def usable(language: str | None = None) -> "QuerySet[GoldItem]":
    """The items that may be played now: not retired, with a band, their clips accepted and covered."""
    items = GoldItem.objects.filter(Exists(playable().filter(pk=OuterRef("clip"))), is_active=True).exclude(emotions=[])
    return items.filter(language=queue.widest(language)) if language else items


def not_of(person: Any, items: "QuerySet[GoldItem]") -> "QuerySet[GoldItem]":
    """Those of the items whose voice is not the person's, and that are like none of theirs."""
    own = Q(twin__contributor__user=person) | Q(twin__contributor__claimed_by=person)
    like_theirs = Examination.objects.filter(own, clip=OuterRef("clip"))
    others = Clip.objects.not_of(person).filter(pk=OuterRef("clip"))
    return items.filter(Exists(others)).exclude(Exists(like_theirs))


def unheard(rater: Any, items: "QuerySet[GoldItem]") -> "QuerySet[GoldItem]":
    """Those of the items that are new to the rater: never offered, rated, decided about, learned from or chosen."""
    for known in (
        RatingTurn.objects.filter(clip=OuterRef("clip"), rater=rater),
        Rating.objects.filter(clip=OuterRef("clip"), rater=rater),
        Verdict.objects.filter(clip=OuterRef("clip"), decided_by=rater),
        TutorialAnswer.objects.filter(gold=OuterRef("pk"), person=rater),
    ):
        items = items.exclude(Exists(known))
    return items.exclude(chosen_by=rater)


def maybe_gold(rater: Any, language: str, *, chance: random.Random | None = None) -> GoldItem | None:
    """One turn in ten, by lot, an item that the rater has never heard; otherwise None, and where there is none."""
    # Nothing depends on nobody guessing it.
    chance = chance or random.Random()  # noqa: S311
    if chance.randrange(ONE_IN):
        return None
    # Two questions, since SQLite would answer both in one by looking at all of them.
    numbers = GoldItem.objects.values_list("pk", flat=True)
    first, last = numbers.order_by("pk").first(), numbers.order_by("-pk").first()
    if first is None or last is None:
        return None
    lane = GoldItem.objects.filter(language=queue.widest(language), is_active=True, is_for_tutorial=False)
    # From a place by lot on, and round.
    place = chance.randint(first, last)
    return first_unheard(rater, lane.filter(pk__gte=place)) or first_unheard(rater, lane.filter(pk__lt=place))


def first_unheard(rater: Any, stretch: "QuerySet[GoldItem]") -> GoldItem | None:
    """The first of the stretch that is new to the rater, among so many that it costs the same however long it is.

    First some by the index alone, then what is to be known of these: so no plan of the database looks at all of them.
    """
    last = 0
    for many in LOOKED_AT:
        some = list(stretch.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:many])
        if not some:
            break
        if item := unheard(rater, not_of(rater, usable().filter(pk__in=some))).order_by("pk").first():
            return item
        last = some[-1]
    return None


def propose_all() -> int:
    """Propose in every language that has accepted clips; how many items are new."""
    there = Clip.objects.filter(status=Clip.Status.ACCEPTED).order_by().values_list("language", flat=True).distinct()
    return sum(propose(language) for language in sorted({queue.widest(tag) for tag in there}))


def propose(language: str) -> int:
    """Make gold of every clip that is heard alike by enough, and hold what ratings made to them; how many are new."""
    made = sum(keep(clip_id, votes) for clip_id, votes in candidates(language))
    for item in GoldItem.objects.filter(language=queue.widest(language), chosen_by=None).iterator(chunk_size=AT_ONCE):
        hold(item)
    return made


def candidates(language: str) -> Iterable[tuple[UUID, list[str]]]:
    """Clips of the language that are no gold and have enough counting votes, with these."""
    counting = Rating.objects.counting().filter(is_usable=True, clip__gold=None)
    of_it = Q(language=language) | Q(language__startswith=f"{language}-")
    enough = counting.filter(clip__in=playable().filter(of_it)).values("clip").annotate(many=Count("pk"))
    found = list(enough.filter(many__gte=VOTES_LEAST).order_by("clip").values_list("clip", flat=True))
    for some in in_pieces(found):
        votes: dict[UUID, list[str]] = defaultdict(list)
        for clip_id, emotion in counting.filter(clip__in=some).values_list("clip", "emotion"):
            votes[clip_id].append(emotion)
        yield from votes.items()


def keep(clip_id: UUID, votes: Sequence[str]) -> bool:
    """The clip's item where the votes make it one; whether it is new."""
    emotions = band(votes)
    if not emotions:
        return False
    with transaction.atomic():
        clip = playable().select_for_update(of=("self",), no_key=True).filter(pk=clip_id).first()
        if clip is None:
            return False
        item, is_new = GoldItem.objects.get_or_create(
            clip=clip, defaults={"language": queue.widest(clip.language), "emotions": emotions}
        )
        if is_new:
            audit.record("gold.proposed", subject=item, by=AGENT, clip=str(clip_id), emotions=emotions)
    return is_new


def follow(clip: Clip) -> None:
    """Hold the clip's item to its ratings; for every act that voids some, in its transaction."""
    if item := GoldItem.objects.filter(clip=clip, chosen_by=None).first():
        hold(item)


def hold(item: GoldItem) -> None:
    """Give an item that the ratings made the band that they make now, which is none where too few agree."""
    ever = Rating.objects.filter(clip=item.clip_id, phase=Rating.Phase.BLIND, is_usable=True)
    # Fewer never made it one: a curator chose it who has left since, and it stays as they left it.
    if ever.count() < VOTES_LEAST:
        return
    emotions = band(list(ever.counting().values_list("emotion", flat=True)))
    if emotions == item.emotions:
        return
    with transaction.atomic():
        if GoldItem.objects.filter(pk=item.pk, chosen_by=None).update(emotions=emotions):
            audit.record("gold.followed", subject=item, by=AGENT, emotions=emotions)


def choose(
    clip: Clip, *, by: Any, emotions: Sequence[str], explanation: str, reader: str, is_for_tutorial: bool
) -> GoldItem:
    """Make the clip gold with this band, or change its item, and say why in the reader's language; raises NotGold.

    A band that stays as the ratings made it stays theirs to change.
    """
    emotions, explanation = list(dict.fromkeys(emotions)), explanation.strip()
    check_band(emotions)
    with transaction.atomic():
        found = playable().not_of(by).select_for_update(of=("self",), no_key=True).filter(pk=clip.pk).first()
        if found is None:
            raise NotGold(_("Only an accepted clip of somebody else that may be heard now can be an example."))
        before = GoldItem.objects.filter(clip=found).first() or GoldItem(emotions=[])
        told = before.explanation | {reader: explanation[:EXPLANATION_LETTERS_MAX]}
        if is_for_tutorial and not any(told.values()):
            raise NotGold(_("An example of the tutorial needs a word on why it is heard so."))
        facts: dict[str, Any] = {"explanation": told, "is_for_tutorial": is_for_tutorial, "is_active": True}
        facts |= {"language": queue.widest(found.language)}
        if emotions != before.emotions:
            facts |= {"emotions": emotions, "chosen_by": by}
        item, _is_new = GoldItem.objects.update_or_create(clip=found, defaults=facts)
        reveals.reveal(found, to=by)
        audit.record("gold.chosen", subject=item, by=by, clip=str(found.pk), emotions=emotions, learn=is_for_tutorial)
    return item


def check_band(emotions: Sequence[str]) -> None:
    """Raise NotGold for no emotion, too many, or one that we do not know."""
    if not emotions or len(emotions) > BAND_MAX or not set(emotions) <= {each.name for each in taxonomy.emotions()}:
        raise NotGold(_("Choose what is heard most, and at most two feelings that are close to it."))


def retire(item: GoldItem, *, by: Any) -> None:
    """Play the item to nobody any more, whatever the ratings say; a second time changes nothing."""
    switch(item, by=by, is_active=False, act="gold.retired")


def restore(item: GoldItem, *, by: Any) -> None:
    """Play a retired item again, as far as its clip may be heard; a second time changes nothing."""
    switch(item, by=by, is_active=True, act="gold.restored")


def switch(item: GoldItem, *, by: Any, is_active: bool, act: str) -> None:
    """Change it where it is not so yet, with its entry in the log."""
    with transaction.atomic():
        if GoldItem.objects.filter(pk=item.pk, is_active=not is_active).update(is_active=is_active):
            audit.record(act, subject=item, by=by)
