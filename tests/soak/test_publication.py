"""Publishing as in production, interrupted: the campaigns on a bucket once more, with PostgreSQL."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers

log = logging.getLogger(__name__)

HOUSE = Path(__file__).parent.parent.parent
CAMPAIGNS = ("tests/training/test_interruption.py", "tests/training/test_interruption_killed.py")

pytestmark = pytest.mark.soak


def test_a_publication_is_cut_everywhere_on_postgresql_and_s3(postgres_server):
    environment = {**os.environ, "OE_EVERY": "1", "OE_TEST_DATABASE_URL": servers.new_database(postgres_server)}
    chosen = ["-m", "", "-k", "bucket", "-o", "log_cli=true", "-o", "log_cli_level=WARNING"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *chosen, *CAMPAIGNS]
    done = subprocess.run(command, cwd=HOUSE, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "PostgreSQL" in done.stdout
    figures = re.findall(r"[^\n]*0 broken champions", done.stdout)
    log.warning("On PostgreSQL and S3:\n%s", "\n".join(figures))
    # Before and after each call of storage, and killed about each request.
    assert len(figures) == 3
