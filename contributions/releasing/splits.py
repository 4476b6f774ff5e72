"""Which side of every release a speaker is on: keyed, decided at first sight, never changed."""

import hashlib
import hmac

from django.conf import settings

from contributions.models.contributor import Split

# Of a hundred speakers, about how many are kept for choosing settings and how many for the honest figure.
DEV_PERCENT = 10
TEST_PERCENT = 20


def side_of(speaker: str) -> str:
    """The side that this site's key gives to the speaker; nobody without the key can aim for one."""
    digest = hmac.new(settings.SIGNING_KEY.encode(), f"split:{speaker}".encode(), hashlib.sha256).digest()
    place = int.from_bytes(digest[:8], "big") % 100
    if place < TEST_PERCENT:
        return Split.TEST
    return Split.DEV if place < TEST_PERCENT + DEV_PERCENT else Split.TRAIN
