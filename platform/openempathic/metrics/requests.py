"""How long doors take to answer, by door and status."""

from prometheus_client import CollectorRegistry, Histogram

REGISTRY = CollectorRegistry()
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

ANSWERED = Histogram(
    "openempathic_http_request_duration_seconds",
    "Seconds until an answer was ready, by the name of the door, method and status.",
    ["route", "method", "status"],
    buckets=BUCKETS,
    registry=REGISTRY,
)


def count(*, method: str, route: str, status: int, seconds: float) -> None:
    """One more answer."""
    ANSWERED.labels(route, method, str(status)).observe(seconds)
