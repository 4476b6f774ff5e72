"""The commands of docker-compose.yml, run here on a real PostgreSQL, Redis and S3."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from secrets import token_urlsafe

import pytest
import yaml

from openempathic.supervisor import COMMANDS, ROOT, started_as
from tests import servers
from tests.openempathic.test_supervisor import PATIENCE_SECONDS, Output

SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
# A site on a server makes none of these itself.
KEYS = {name: token_urlsafe(48) for name in ("OE_SECRET_KEY", "OE_SIGNING_KEY", "OE_SIGNATURE_KEY")}
FAMILY = """
import sys
from openempathic.supervisor import COMMANDS, Supervisor, started_as
commands = {name: started_as(COMMANDS[name]) for name in sys.argv[1:]}
sys.exit(Supervisor(commands, is_ready=lambda: True, welcome="Started.").run())
"""


@pytest.fixture
def environment(postgres_server, redis_server, s3_server, tmp_path):
    """What compose tells its containers."""
    return {
        **os.environ,
        **redis_server.environment,
        **s3_server.environment,
        "DATABASE_URL": servers.new_database(postgres_server),
        "OE_VAR": str(tmp_path),
        "OE_SITE_URL": "https://empathic.example",
        "OE_ALLOWED_HOSTS": "empathic.example",
        "OE_BEHIND_PROXY": "1",
        "HOST": "127.0.0.1",
        "PORT": str(servers.free_ports(1)[0]),
        "OE_BACKUP_URL": (tmp_path / "backups").as_uri(),
        "PATH": f"{servers.postgres_programs()}:{os.environ['PATH']}",
        **KEYS,
    }


@pytest.mark.faults
def test_every_service_starts_answers_its_health_check_and_stops(environment, postgres_server, redis_server, s3_server):
    names = [name for name in SERVICES if name in COMMANDS]
    shell(SERVICES["prepare"]["command"][2], environment)

    site = Output([sys.executable, "-c", FAMILY, *names], **environment)
    try:
        site.wait_for(r"^web +\| .*Listening at")
        site.wait_for(r"^worker-screening \| .*screening@\S+ ready\.")
        site.wait_for(r"^worker-prelabelling \| .*prelabelling@\S+ ready\.")
        site.wait_for(r"^beat +\| .*is starting")
        site.wait_for(r"^ear +\| .*The ear is open")
        for name in names:
            if "healthcheck" in SERVICES[name]:
                asked_until_well(health_check(name).replace("/app/var", environment["OE_VAR"]), environment)
        for server, name in ((postgres_server, "postgres"), (redis_server, "redis"), (s3_server, "seaweedfs")):
            asked_until_well(at_home(health_check(name), server), environment | at_servers(server))
    finally:
        site.process.terminate()

    assert site.end() == 0
    assert "starts again" not in "".join(site.lines)


def at_home(line: str, server: servers.Server) -> str:
    """The line as the server's own container would run it, asked of the port that it has here."""
    port = port_of(server)
    return line.replace("redis-cli", f"redis-cli -p {port}").replace("127.0.0.1:8333", f"127.0.0.1:{port}")


def at_servers(server: servers.Server) -> dict[str, str]:
    """What the servers' own programs are told by compose, and where they lie here."""
    port = port_of(server)
    return {
        "PGPORT": port,
        "REDISCLI_AUTH": servers.REDIS_PASSWORD,
        "PATH": f"{servers.redis_programs()}:{servers.postgres_programs()}:{os.environ['PATH']}",
    }


def port_of(server: servers.Server) -> str:
    """Where it listens; a storage's address names it in its options."""
    return re.findall(r"127\.0\.0\.1:(\d+)", server.url)[0]


def health_check(name: str) -> str:
    """The line that the container's shell would run."""
    kind, *words = SERVICES[name]["healthcheck"]["test"]
    return (" ".join(words) if kind == "CMD" else words[0]).replace("$$", "$")


def asked_until_well(line: str, environment: dict[str, str]) -> None:
    """Ask as compose does, again and again: a first answer may take longer than one question is given."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return shell(line, environment)
        except AssertionError:
            if time.monotonic() > deadline:
                raise


def shell(line: str, environment: dict[str, str]) -> None:
    """Run the line as a container would, with our environment's programs first."""
    programs = Path(started_as(["python"])[0]).parent
    environment = environment | {"PATH": f"{programs}:{environment['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
