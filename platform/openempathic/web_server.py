"""How gunicorn serves the site: `gunicorn --config python:openempathic.web_server openempathic.wsgi`.

HOST and PORT say where (127.0.0.1, 8000), OE_WEB_WORKERS how many processes (2), of eight threads each. Of
OE_STOP_SECONDS (20) three quarters are for requests that are under way when it is asked to stop.
"""

import gc
import os
from pathlib import Path
from typing import Any

from openempathic import logs
from openempathic.metrics import counting

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("OE_WEB_WORKERS", "2"))
# gthread, but that no thread waits for a client for ever.
worker_class = "openempathic.patience.PatientWorker"
threads = 8
# A take of 32 MiB over a slow line: the thread waits, but the process goes on telling its master that it lives.
timeout = 60
# Less than the supervisor's patience, so that requests under way end before it loses it.
graceful_timeout = max(1, int(0.75 * float(os.environ.get("OE_STOP_SECONDS", "20"))))
keepalive = 5
# The site is read in once and shared: a process costs 60 MiB of its own instead of 104. An update is a restart.
preload_app = True
# A heartbeat that waits for a busy disk would have the worker killed.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes an unnamed file there
errorlog = "-"
# Gunicorn's own access log would keep the addresses of people who lend us their voices, and of doors that hold a code:
# openempathic.visits tells of each request instead.
accesslog = None
logconfig_dict = logs.configuration()
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Let the processes count in files of their own, from nothing."""
    root = Path(__file__).resolve().parent.parent.parent
    counting.count_as("web", var=Path(os.environ.get("OE_VAR") or root / "var").resolve())


def pre_fork(server: Any, worker: Any) -> None:
    """What is there before the processes part stays shared: the collector would write into every object it looks at."""
    gc.collect()
    gc.freeze()
