"""Which side of every release a speaker and a sentence are on: keyed, decided at first sight, never changed."""

import hashlib
import hmac
from collections.abc import Iterable

from django.conf import settings

from contributions.models import SentenceSide
from contributions.models.contributor import Split

# Of a hundred speakers, about how many are kept for choosing settings and how many for the honest figure.
DEV_PERCENT = 10
TEST_PERCENT = 20
# Of a language with fewer sentences none is kept for the test: what is left would teach too little of either.
SENTENCES_LEAST = 5


def place_of(told: str) -> int:
    """A number that this site's key gives; nobody without the key can aim for one."""
    digest = hmac.new(settings.SIGNING_KEY.encode(), told.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big")


def side_of(speaker: str) -> str:
    """The side that this site's key gives to the speaker."""
    place = place_of(f"split:{speaker}") % 100
    if place < TEST_PERCENT:
        return Split.TEST
    return Split.DEV if place < TEST_PERCENT + DEV_PERCENT else Split.TRAIN


def side_of_sentence(language: str, sentence: str) -> str:
    """Whether the sentence is kept for the test; there is nothing between, since settings may be chosen on any."""
    return Split.TEST if place_of(f"sentence:{language}:{sentence}") % 100 < TEST_PERCENT else Split.TRAIN


def sentences_of_the_test(language: str, sentences: Iterable[str]) -> set[str] | None:
    """Those of the language's sentences that are kept for the test; decides of each that is seen for the first time.

    A language has one at least, or nothing could be measured in it; None until it has SENTENCES_LEAST.
    """
    seen = set(sentences)
    known = dict(SentenceSide.objects.filter(language=language).values_list("sentence", "split"))
    new = seen - known.keys()
    if new and len(seen | known.keys()) >= SENTENCES_LEAST:
        sides = {sentence: side_of_sentence(language, sentence) for sentence in new}
        if Split.TEST not in {*known.values(), *sides.values()}:
            sides[min(new, key=lambda sentence: place_of(f"sentence:{language}:{sentence}"))] = Split.TEST
        rows = [SentenceSide(language=language, sentence=each, split=side) for each, side in sorted(sides.items())]
        SentenceSide.objects.bulk_create(rows, ignore_conflicts=True)
        known = dict(SentenceSide.objects.filter(language=language).values_list("sentence", "split"))
    return {sentence for sentence in seen if known[sentence] == Split.TEST} if known else None


def sentences_for(side: str, language: str, sentences: Iterable[str]) -> frozenset[str]:
    """Those of the sentences that a speaker of that side may read and be in a release with; decides nothing yet."""
    read = frozenset(sentences)
    known = dict(SentenceSide.objects.filter(language=language).values_list("sentence", "split"))
    if len(read | known.keys()) < SENTENCES_LEAST:
        return read
    wanted = Split.TEST if side == Split.TEST else Split.TRAIN
    return frozenset(each for each in read if (known.get(each) or side_of_sentence(language, each)) == wanted)
