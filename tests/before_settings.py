"""What must stand before Django reads its settings: a var folder of the tests' own, and one thread for each process.

Loaded by `-p` in pyproject.toml, since pytest-django reads the settings before any conftest is read.
"""

import atexit
import os
import shutil
import tempfile

VAR = tempfile.mkdtemp(prefix="oe-tests-")
os.environ["OE_VAR"] = VAR
atexit.register(shutil.rmtree, VAR, ignore_errors=True)

# Two cores are shared by a browser, servers and workers: a pool of threads in each would only fight.
os.environ["OMP_NUM_THREADS"] = "1"

# A few sounds stand for everybody's: who looks for twins switches it on.
os.environ["OE_SEEK_DUPLICATES"] = "off"

# Most tests are about what moderators do, not about how they sign in: test_mfa.py switches it on.
os.environ["OE_MFA_REQUIRED"] = "off"

# Most tests are about champions, or about nobody who suggests: test_seed_head.py switches it on.
os.environ["OE_SEED_HEAD"] = "off"

# Who looks for a line looks for words, as at a terminal: test_logs.py tries the other form.
os.environ["OE_LOG_FORMAT"] = "text"

# A developer's own site must not leak into the tests.
for name in (
    "DATABASE_URL",
    "STORAGE_URL",
    "BROKER_URL",
    "EMAIL_URL",
    "OE_SITE_URL",
    "OE_DEBUG",
    "OE_METRICS_TOKEN",
    "PORT",
):
    os.environ.pop(name, None)
# The acts are tested on PostgreSQL too: tests/openempathic/test_postgres.py.
if url := os.environ.get("OE_TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url


def pytest_report_header() -> str:
    """Which database the tests' own process uses."""
    return "database: PostgreSQL" if "DATABASE_URL" in os.environ else "database: SQLite"
