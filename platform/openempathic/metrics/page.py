"""What Prometheus reads: `/metrics`, for whoever has the word in OE_METRICS_TOKEN; for anybody else it is not there."""

import hmac
import logging
import threading
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from openempathic.metrics import SOURCES, Gauge, counting, requests, tasks

log = logging.getLogger(__name__)

# A query that takes longer tells nothing this time; PostgreSQL only.
QUERY_MILLISECONDS_MAX = 5000


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Every figure in Prometheus's text form; 404 without the word."""
    if not is_known(request):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Everything())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def is_known(request: HttpRequest) -> bool:
    """Whether the request carries the word; how long this takes tells nothing of it."""
    wanted = settings.METRICS_TOKEN
    kind, _space, word = request.headers.get("Authorization", "").partition(" ")
    is_same = hmac.compare_digest(word.encode(), wanted.encode())
    return bool(wanted) and kind.lower() == "bearer" and is_same


class Everything:
    """All figures, as prometheus-client collects them."""

    def collect(self) -> Iterator[Metric]:
        """What rows and disk say, then what processes counted."""
        yield from kept.families()
        if files := counting.counted_files(var=settings.VAR):
            yield from MultiProcessCollector.merge(files, accumulate=True)
        else:
            yield from requests.REGISTRY.collect()
            yield from tasks.REGISTRY.collect()


class Kept:
    """What each source said last, and until when that is good; one thread asks while others wait for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.said: dict[str, tuple[float, list[Gauge], float]] = {}

    def families(self) -> Iterator[Metric]:
        """Every gauge of every source, and how long each source took; one that cannot answer says so and no more."""
        up = GaugeMetricFamily(
            "openempathic_metrics_source_up", "1 where a source of figures answered, else 0.", labels=["source"]
        )
        took = GaugeMetricFamily(
            "openempathic_metrics_source_seconds", "Seconds that a source of figures took.", labels=["source"]
        )
        for source, good_for in SOURCES:
            name = ".".join(source.split(".")[-2:]) if source.startswith("openempathic") else source
            try:
                gauges, seconds = self.of(source, good_for)
            except DatabaseError as fault:
                log.warning("A source of figures does not answer: %s", type(fault).__name__)
                up.add_metric([name], 0)
                continue
            up.add_metric([name], 1)
            took.add_metric([name], seconds)
            yield from map(family, gauges)
        yield from (up, took)

    def of(self, source: str, good_for: float) -> tuple[list[Gauge], float]:
        """What the source said lately, or says now."""
        with self.lock:
            until, gauges, took = self.said.get(source, (0.0, [], 0.0))
            if time.monotonic() >= until:
                began = time.monotonic()
                gauges = ask(source)
                took = time.monotonic() - began
                self.said[source] = (time.monotonic() + good_for, gauges, took)
            return gauges, took

    def forget(self) -> None:
        """Ask all of them again."""
        with self.lock:
            self.said.clear()


kept = Kept()


def ask(source: str) -> list[Gauge]:
    """What the source says now, within a bounded time where the database can be told one.

    Not in a transaction on SQLite: ours begin with the lock of the whole database.
    """
    if connection.vendor != "postgresql":
        return list(import_string(source)())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(QUERY_MILLISECONDS_MAX)])
        return list(import_string(source)())


def family(gauge: Gauge) -> Metric:
    """The gauge as prometheus-client knows it."""
    made = GaugeMetricFamily(gauge.name, gauge.about, labels=gauge.labels)
    for labels, value in gauge.values.items():
        made.add_metric(labels, value)
    return made
