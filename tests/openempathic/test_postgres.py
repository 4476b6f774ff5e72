"""The same acts on PostgreSQL: the tests of the clip's life once more, in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

from tests import servers
from tests.forms import EVERY

HOUSE = Path(__file__).parent.parent.parent
ACTS = (
    "consenting/test_consent.py",
    "consenting/test_consent_events.py",
    "consenting/test_about_me.py",
    "test_intake.py",
    "listening/test_ratings.py",
    "listening/test_labels_at_once.py",
    "listening/test_queue.py",
    "listening/test_listening_races.py",
    "leaving/test_withdrawal.py",
    "screening/test_verdict_races.py",
    "leaving/test_taking_back.py",
    "test_corpora.py",
    "listening/test_prelabelling.py",
)
# Those that ask the database for nothing that the ones above do not: with `./run soak` alone, since they take minutes.
MORE_ACTS = (
    "listening/test_aggregation.py",
    "listening/test_standings.py",
    "listening/test_assistance.py",
    "listening/test_figures.py",
    "listening/test_gold.py",
    "listening/test_tutorial.py",
    "listening/test_reports.py",
    "listening/test_voids.py",
    "listening/test_asking_again.py",
    "screening/test_verdicts.py",
    "screening/test_two_people.py",
    "screening/test_bulk.py",
    "screening/test_history.py",
    "listening/test_labels.py",
    "test_states.py",
    "consenting/test_covered_then.py",
    "screening/test_duplicates.py",
    "consenting/test_receipts.py",
    "releasing/test_orders.py",
    "releasing/test_downloads.py",
    "releasing/test_withdrawn_news.py",
    "../training/gate/test_judged_runs.py",
    "../training/test_checkpoint_pages.py",
)


def test_the_acts_hold_on_postgresql(postgres_server):
    told = ACTS + MORE_ACTS if EVERY else ACTS
    files = [f"tests/contributions/{act}" for act in told] + [
        "tests/openempathic/test_leases.py",
        "tests/openempathic/test_among.py",
        "tests/openempathic/test_sealing.py",
        "tests/openempathic/test_limits.py",
        "tests/openempathic/test_at_once.py",
    ]
    environment = {**os.environ, "OE_TEST_DATABASE_URL": servers.new_database(postgres_server)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=HOUSE, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "PostgreSQL" in done.stdout
