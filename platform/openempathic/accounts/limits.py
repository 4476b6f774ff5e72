"""How often somebody may try: counted in the database by compare-and-set, so that it holds for every web process.

A try is taken before what it tries is looked at, so that fifty at once are counted one by one. Whom a count is of is
kept as a keyed digest only, and for two days at most. Who spends a count waits for the rest of its time, and twice as
long each time after, up to the longest; most of a day without has it begin anew.
"""

import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from openempathic.accounts.models import Allowance

# Promised on the retention page: no count lasts longer than a day, and beat looks every hour.
KEPT = timedelta(days=2)
# So long after it ended a count still makes the next wait longer; then it is erased.
FORGOTTEN_AFTER = KEPT - timedelta(days=1, hours=2)
# Whoever has one address of IPv6 has all of its network.
IPV6_NETWORK = 64
PEER, FORWARDED = "REMOTE_ADDR", "HTTP_X_FORWARDED_FOR"


class TooMany(Exception):
    """The count is spent until the moment that it carries."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True)
class Limit:
    """So many tries within so many seconds; who spends them again and again waits longer, up to the longest."""

    name: str
    count: int
    seconds: int
    longest_seconds: int = 0

    def wait(self, times: int) -> timedelta:
        """How long a count lasts that follows so many spent ones."""
        return timedelta(seconds=min(self.seconds * 2 ** min(times, 16), max(self.longest_seconds, self.seconds)))


def take(limit: Limit, whom: str, *, at: datetime) -> None:
    """Count one try; raises TooMany, and counts nothing, where all are spent. Of many at once the limit passes."""
    key = key_of(limit, whom)
    while not taken(limit, key, at=at):
        pass


def taken(limit: Limit, key: str, *, at: datetime) -> bool:
    """Whether the try could be counted upon the row as it was found; if not, somebody else came first."""
    row = Allowance.objects.filter(key=key).first()
    if row is None:
        fresh = Allowance(key=key, ends_at=at + limit.wait(0))
        Allowance.objects.bulk_create([fresh], ignore_conflicts=True)
        return False
    as_found = Allowance.objects.filter(pk=row.pk, ends_at=row.ends_at)
    if row.ends_at <= at:
        is_soon = row.spent >= limit.count and at < row.ends_at + FORGOTTEN_AFTER
        times = row.times + 1 if is_soon else 0
        return as_found.update(spent=1, times=times, ends_at=at + limit.wait(times)) == 1
    if row.spent >= limit.count:
        raise TooMany(row.ends_at)
    return as_found.filter(spent__lt=limit.count).update(spent=F("spent") + 1) == 1


def take_all(tries: list[tuple[Limit, str]], *, at: datetime) -> None:
    """Count the try under each limit, or under none: raises TooMany as soon as one is spent."""
    counted: list[tuple[Limit, str]] = []
    try:
        for limit, whom in tries:
            take(limit, whom, at=at)
            counted.append((limit, whom))
    except TooMany:
        for limit, whom in counted:
            give_back(limit, whom)
        raise


def give_back(limit: Limit, whom: str) -> None:
    """Take back a count of a try that was right."""
    Allowance.objects.filter(key=key_of(limit, whom), spent__gt=0).update(spent=F("spent") - 1)


def forget(limit: Limit, whom: str) -> None:
    """Begin anew, after something that proves who it is."""
    Allowance.objects.filter(key=key_of(limit, whom)).delete()


def forget_old(*, now: datetime) -> int:
    """Erase every count that ended most of a day ago; returns how many rows went."""
    count, _by_model = Allowance.objects.filter(ends_at__lt=now - FORGOTTEN_AFTER).delete()
    return count


def key_of(limit: Limit, whom: str) -> str:
    """What is kept of whom a count is: a digest that only this site can make."""
    return salted_hmac("openempathic.limits", f"{limit.name}:{whom}", algorithm="sha256").hexdigest()


def address_of(request: HttpRequest) -> str:
    """Where the request comes from, an IPv6 address as its network; empty where that cannot be known.

    Of `X-Forwarded-For` only what our own proxies wrote is believed: the rest is whatever the sender liked to write.
    """
    address = request.META.get(PEER, "")
    if settings.PROXIES:
        forwarded = request.META.get(FORWARDED, "").split(",")
        address = forwarded[-settings.PROXIES] if len(forwarded) >= settings.PROXIES else ""
    with suppress(ValueError):
        known = ipaddress.ip_address(address.strip())
        if known.version == 4:
            return str(known)
        return str(ipaddress.ip_network((known, IPV6_NETWORK), strict=False))
    return ""
