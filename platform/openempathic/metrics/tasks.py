"""How often workers did what, how long it took, and when it last went well."""

from prometheus_client import CollectorRegistry, Gauge, Histogram

REGISTRY = CollectorRegistry()
BUCKETS = (0.05, 0.25, 1, 2.5, 5, 10, 30, 120, 600, 3600)

DONE = Histogram(
    "openempathic_task_duration_seconds",
    "Seconds that a worker's task took, by its name and how it ended.",
    ["task", "state"],
    buckets=BUCKETS,
    registry=REGISTRY,
)
LAST = Gauge(
    "openempathic_task_last_success_timestamp_seconds",
    "When a task last ended well, in seconds since 1970: how old the last sweep and every other tick of beat is.",
    ["task"],
    registry=REGISTRY,
    multiprocess_mode="max",
)


def count(*, task: str, state: str, seconds: float) -> None:
    """One more task, by the last part of its name: `sweep`, `screen`."""
    name = task.rpartition(".")[2]
    DONE.labels(name, state).observe(seconds)
    if state == "SUCCESS":
        LAST.labels(name).set_to_current_time()
