"""What beat asks of the workers, and how often: counted in sweeps, so that a hurried site hurries with all of it.

A tick that waits longer than the next one comes is worth nothing: it expires. Rooms are named by dotted strings only.
"""

from typing import Any

# The name of a tick, its task, how many sweeps lie between two, and after how many seconds one expires.
TICKS = (
    ("sweep", "contributions.tasks.sweep", 1, 10),
    ("look-again", "contributions.tasks.look_again", 30, 60),
    # Once a day or so: what it looks for lies there for a day first.
    ("erase-orphans", "contributions.tasks.erase_orphans", 43200, 3600),
    ("verify-releases", "contributions.tasks.verify_releases", 1800, 1800),
    ("seal", "openempathic.audit.tasks.seal", 150, 240),
    ("verify-records", "contributions.tasks.verify_records", 43200, 3600),
    ("forget-tries", "openempathic.accounts.tasks.forget_tries", 1800, 1800),
    # Every hour or so, since what lapses counts years and an abandoned guest one day.
    ("retain", "contributions.tasks.retain", 1800, 1800),
    ("count-coverage", "contributions.tasks.count_coverage", 150, 240),
    ("reckon-labels", "contributions.tasks.reckon_labels", 150, 240),
    ("reckon-figures", "contributions.tasks.reckon_figures", 150, 240),
    ("reckon-confusion", "contributions.tasks.reckon_confusion", 900, 1800),
    ("propose-gold", "contributions.tasks.propose_gold", 300, 600),
    ("reckon-standings", "contributions.tasks.reckon_standings", 450, 900),
    ("owe-news", "contributions.tasks.owe_news", 300, 600),
    ("owe-withdrawn-news", "contributions.tasks.owe_withdrawn_news", 150, 240),
    ("open-due-run", "training.tasks.open_due_run", 15, 60),
    ("mark-checkpoints", "training.tasks.mark_checkpoints", 15, 60),
    ("repair-checkpoints", "training.tasks.repair_checkpoints", 15, 60),
    ("delist-checkpoints", "training.tasks.delist_checkpoints", 150, 240),
    ("try-refused", "contributions.tasks.try_refused", 30, 60),
)


def schedule(sweep_seconds: float) -> dict[str, Any]:
    """The ticks as Celery's beat wants them."""
    return {
        name: {"task": task, "schedule": sweeps * sweep_seconds, "options": {"expires": expires}}
        for name, task, sweeps, expires in TICKS
    }
