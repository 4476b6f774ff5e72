"""The servers that other tests lean on say why they did not start, and leave nobody behind."""

import shutil
import subprocess
import sys

import pytest

from openempathic.supervisor import ROOT
from tests import servers
from tests.openempathic.test_supervisor import is_gone, wait_until

STARTS = """
import time
from tests import servers
with servers.{name}() as server:
    print(server.process.pid, server.folder, flush=True)
    time.sleep(1000)
"""


def test_a_server_that_cannot_start_shows_its_last_words(tmp_path):
    server = servers.Server(
        "moody",
        ["sh", "-c", "echo no mood today; exit 1"],
        folder=tmp_path,
        url="",
        environment={},
        is_ready=lambda: False,
    )

    with pytest.raises(servers.ServerDidNotStart, match="no mood today"):
        server.start()


@pytest.mark.parametrize("name", ["redis", "postgres", "seaweedfs"])
def test_a_killed_test_leaves_no_server(name):
    test = subprocess.Popen(
        [sys.executable, "-c", STARTS.format(name=name)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    pid, folder = test.stdout.readline().split()

    test.kill()
    test.wait()

    wait_until(lambda: is_gone(int(pid)))
    shutil.rmtree(folder)
