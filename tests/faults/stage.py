"""A whole site of which every part can be killed, frozen and started again: what campaigns of faults are played on.

with stage(folder, shape="servers") as made: ...   # made.url; made.kill("worker"); made.restart("worker")

Every part is a process group of its own, on loopback. Start and restart from the main thread: the kernel ends a part
with the thread that started it.
"""

import hashlib
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from openempathic.storage.folder import Folder
from openempathic.storage.s3 import Bucket
from tests import servers, sites
from tests.servers import Server

LEASE_SECONDS = 10
SWEEP_SECONDS = 0.5
SERVERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "postgres": ("DATABASE_URL", partial(servers.postgres, is_durable=True)),
    "redis": ("BROKER_URL", servers.redis),
    "s3": ("STORAGE_URL", servers.seaweedfs),
}
# What runs in each shape, as which of the site's commands. There are two workers, so that one can take over what the
# other held; compose tells those who screen from those who suggest, `./run` has one kind for everything.
PROCESSES: dict[str, dict[str, tuple[str, ...]]] = {
    "servers": {
        "web": ("web",),
        "worker-1": ("worker-screening", "--concurrency", "1", "--hostname", "screening-1@%h"),
        "worker-2": ("worker-screening", "--concurrency", "1", "--hostname", "screening-2@%h"),
        "worker-prelabelling": ("worker-prelabelling",),
        "beat": ("beat",),
        "trainer": ("trainer",),
    },
    "embedded": {
        "web": ("web",),
        "worker-1": ("worker", "--concurrency", "1", "--hostname", "worker-1@%h"),
        "worker-2": ("worker", "--concurrency", "1", "--hostname", "worker-2@%h"),
        "beat": ("beat",),
        "trainer": ("trainer",),
    },
}
# Uploads are many and alike here, and no run is opened: the trainer waits, as it does most of its life.
ENVIRONMENT = {
    "OE_LEASE_SECONDS": str(LEASE_SECONDS),
    "OE_SWEEP_SECONDS": str(SWEEP_SECONDS),
    "OE_CLIPS_PER_DAY": "1000000",
    "OE_SEEK_DUPLICATES": "off",
    "OE_RETRAIN_MIN_NEW_CLIPS": "1000000",
    "OMP_NUM_THREADS": "1",
}


class Stage:
    """The site, the servers it leans on, and the means to harm them."""

    def __init__(self, site: sites.Site, supports: dict[str, Server], *, shape: str, seed: int) -> None:
        self.site, self.supports, self.shape, self.seed = site, supports, shape, seed
        self.url = site.url
        # What is down or frozen on purpose; `keep_running` lets it be.
        self.held: set[str] = set()

    @property
    def lease_seconds(self) -> float:
        """How long a silent worker keeps its row."""
        return float(self.site.environment["OE_LEASE_SECONDS"])

    @property
    def sweep_seconds(self) -> float:
        """How often due rows are looked for."""
        return float(self.site.environment["OE_SWEEP_SECONDS"])

    @property
    def parts(self) -> dict[str, Server]:
        """Everything that can be harmed, by name."""
        return {**self.supports, **self.site.processes}

    def start(self, *names: str) -> None:
        """Start the processes of the shape, or those named, and wait until pages are answered."""
        for name in names or PROCESSES[self.shape]:
            self.site.start(name, self.command(name))
        if "web" in self.site.processes:
            self.wait_for(self.is_healthy, "the site answered")

    def start_another(self, name: str, of: str, *words: str) -> None:
        """Start one more process of a kind, as a second beat or trainer, under a name of its own."""
        self.site.start(name, [*self.command(of), *words])

    def command(self, name: str) -> list[str]:
        """How the process is started."""
        which, *words = PROCESSES[self.shape][name]
        return [*sites.COMMANDS[which], *words]

    def kill(self, name: str) -> set[int]:
        """End the part and all its children at once, as a lost machine does; the numbers of what was killed.

        It stays down until `restart`.
        """
        self.held.add(name)
        return self._kill(self.parts[name])

    def kill_child(self, name: str, chance: random.Random) -> set[int]:
        """End one of the part's children, which the part itself must notice; nobody, where it has none."""
        children = descendants(self.parts[name])[1:]
        return signalled(chance.sample(children, min(1, len(children))), signal.SIGKILL)

    def freeze(self, name: str) -> set[int]:
        """Stop the part and its children in the middle of whatever they do; who talks to it hangs."""
        self.held.add(name)
        return signalled(descendants(self.parts[name]), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on, as if no time had passed."""
        signalled(descendants(self.parts[name]), signal.SIGCONT)
        self.held.discard(name)

    def restart(self, name: str) -> None:
        """Start the part again on its old port and folder, killing first what is left of it."""
        part = self.parts[name]
        self._kill(part)
        part.start()
        self.held.discard(name)

    def drop(self, name: str) -> None:
        """End a process for good."""
        self._kill(self.site.processes.pop(name))
        self.held.discard(name)

    def keep_running(self) -> list[str]:
        """Start again what ended by itself, as supervisor and compose do; their names."""
        ended = [name for name, part in self.parts.items() if name not in self.held and has_ended(part)]
        for name in ended:
            self.restart(name)
        return ended

    def is_healthy(self) -> bool:
        """Whether its pages answer."""
        with suppress(OSError):
            return self.site.is_healthy()
        return False

    def wait_for(self, is_so: Callable[[], Any], what: str, *, patience_seconds: float = 240) -> Any:
        """Look until it is so, starting again what ended by itself; else fail with the ends of the logs."""
        until = time.monotonic() + patience_seconds
        while not (found := is_so()):
            self.keep_running()
            if time.monotonic() > until:
                raise AssertionError(f"{what}: it did not happen in {patience_seconds:.0f} s\n{self.logs()}")
            time.sleep(0.1)
        return found

    def logs(self, lines: int = 40) -> str:
        """The ends of what every part said."""
        return "\n\n".join(f"--- {name}\n{part.log_tail(lines)}" for name, part in self.parts.items())

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """The answer of the database itself, past any proxy, to a question in SQL."""
        if "postgres" not in self.supports:
            return self.site.rows(question)
        with psycopg.connect(self.supports["postgres"].url) as connection:
            return connection.execute(question).fetchall()  # type: ignore[arg-type]

    def objects(self, prefix: str = "clips/") -> dict[str, str]:
        """Every key in storage below the prefix, and the digest of the bytes that really lie there."""
        store = self.store()
        return {key: sha256_of(store, key) for key in store.keys(prefix)}

    def store(self) -> Bucket | Folder:
        """The storage itself, past any proxy."""
        if "s3" not in self.supports:
            return Folder(self.site.folder / "var" / "storage")
        return Bucket(urlsplit(self.supports["s3"].url), key_id=servers.S3_KEY_ID, secret=servers.S3_SECRET)

    def _kill(self, part: Server) -> set[int]:
        killed = signalled(descendants(part), signal.SIGKILL)
        # Children that had lost their parent before are in its group still.
        part.kill()
        return killed


@contextmanager
def stage(
    folder: Path,
    *,
    shape: str = "servers",
    seed: int = 1,
    environment: dict[str, str] | None = None,
    between: Callable[[str, int], int] | None = None,
) -> Iterator[Stage]:
    """A prepared site of the shape ("servers" or "embedded") whose processes wait for `Stage.start`.

    `between` is told each server's name ("postgres", "redis", "s3") and port, and answers the port at which the site
    shall look for it: a proxy's, or the same.
    """
    with ExitStack() as stack:
        supports = {name: stack.enter_context(made()) for name, (_key, made) in kinds(shape).items()}
        told = {**ENVIRONMENT, **addresses(supports, between or (lambda _name, port: port)), **(environment or {})}
        site = stack.enter_context(sites.site(folder, told))
        made = Stage(site, supports, shape=shape, seed=seed)
        try:
            yield made
        finally:
            # Politeness would wait for what a fault has left hanging.
            for each in reversed(made.site.processes.values()):
                made._kill(each)
            for each in supports.values():
                signalled(descendants(each), signal.SIGCONT)


def kinds(shape: str) -> dict[str, tuple[str, Callable[[], Any]]]:
    """The servers that a shape leans on."""
    return SERVERS if shape == "servers" else {}


def addresses(supports: dict[str, Server], between: Callable[[str, int], int]) -> dict[str, str]:
    """The settings that tell the site where its servers are."""
    told: dict[str, str] = {}
    for name, server in supports.items():
        key, _made = SERVERS[name]
        port = port_of(server.url)
        told |= server.environment
        told[key] = server.url.replace(f"127.0.0.1:{port}", f"127.0.0.1:{between(name, port)}")
    return told


def port_of(url: str) -> int:
    """The port at which a server of ours listens, as its address tells."""
    return int(url.partition("127.0.0.1:")[2].partition("/")[0].partition("&")[0])


def has_ended(part: Server) -> bool:
    """Whether the process is gone."""
    return part.process is None or part.process.poll() is not None


def descendants(part: Server) -> list[psutil.Process]:
    """The part's process and everything below it, of whatever group; nothing once it has ended."""
    if has_ended(part):
        return []
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(part.process.pid)
        return [parent, *parent.children(recursive=True)]
    return []


def signalled(processes: list[psutil.Process], sign: signal.Signals) -> set[int]:
    """Send the signal to each; the numbers of those whom it reached."""
    reached: set[int] = set()
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(sign)
            reached.add(each.pid)
    return reached


def sha256_of(store: Bucket | Folder, key: str) -> str:
    """The digest of an object's bytes, read whole."""
    digest = hashlib.sha256()
    for chunk in store.chunks(key, sha256=None):
        digest.update(chunk)
    return digest.hexdigest()
