"""docker-compose.yml runs what the tests run, publishes nothing but Caddy, and holds no secret."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from openempathic.supervisor import COMMANDS, EMBEDDED
from tests.servers import REDIS_OPTIONS, WEED_OPTIONS

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
EXAMPLE = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
SECRETS = {
    "OE_SECRET_KEY",
    "OE_SIGNING_KEY",
    "OE_SIGNATURE_KEY",
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
}


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"prepare"}))
def test_a_service_runs_the_very_command_that_the_supervisor_knows(name):
    assert tuple(OURS[name]["command"]) == COMMANDS[name]


def test_the_services_do_together_what_the_supervisor_does_alone():
    def queues(names):
        words = [word for name in names for word in COMMANDS[name]]
        return {queue for option, value in pairwise(words) if option == "--queues" for queue in value.split(",")}

    assert OURS.keys() >= set(EMBEDDED) - {"worker"}
    assert queues(OURS.keys() - {"prepare"}) == queues(EMBEDDED)


def test_the_site_is_prepared_as_run_prepares_it():
    shell, flag, script = OURS["prepare"]["command"]
    script_of_run = (ROOT / "run").read_text()

    assert (shell, flag) == ("sh", "-c")
    commands = [" ".join(command.split()) for command in script.split("&&")]
    assert commands == re.findall(r"(python manage\.py (?:migrate|load|replay|collect|first)[^)\n]*)", script_of_run)


def test_the_servers_are_started_as_the_tests_start_them():
    redis = SERVICES["redis"]["command"]
    weed = SERVICES["seaweedfs"]["command"]

    options = dict(zip((word.removeprefix("--") for word in redis[1::2]), redis[2::2], strict=True))
    assert options == {**REDIS_OPTIONS, "requirepass": "${REDIS_PASSWORD:?}"}
    assert weed == ["mini", "-dir=/data", "-ip=seaweedfs", "-ip.bind=0.0.0.0", *(f"-{each}" for each in WEED_OPTIONS)]


def test_only_caddy_can_be_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {"caddy", "web"}
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_every_variable_is_explained_and_every_secret_demanded():
    used = dict(re.findall(r"\$\{(\w+)([^}]*)\}", TEXT))

    assert used.keys() == EXAMPLE.keys()
    assert all(used[name] == ":?" for name in SECRETS)
    assert all(EXAMPLE[name] == "" for name in SECRETS)


def test_no_secret_stands_in_the_file():
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|SECRET|KEY|AUTH", name):
                assert re.fullmatch(r"\$\{\w+:\?\}", value)
    for address in re.findall(r"\w+://\S+@\S+", TEXT):
        assert re.search(r":\$\{\w+:\?\}@", address)


def test_our_processes_read_every_variable_they_are_given():
    settings = (ROOT / "platform/openempathic/settings.py").read_text()
    read_elsewhere = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}  # by storage

    for name in OURS["web"]["environment"].keys() - read_elsewhere:
        assert f'"{name}"' in settings


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"prepare", "trainer"}))
def test_a_service_can_be_asked_how_it_is(name):
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"prepare"}))
def test_nothing_starts_before_the_site_is_prepared(name):
    waits_for = OURS[name]["depends_on"]

    assert waits_for["prepare"] == {"condition": "service_completed_successfully"}
    assert all(service in SERVICES for service in waits_for)


def test_the_web_needs_no_broker():
    assert "redis" not in OURS["web"]["depends_on"]
    assert "redis" not in OURS["prepare"]["depends_on"]


def test_every_volume_and_network_is_declared():
    volumes = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    networks = [network for service in SERVICES.values() for network in service["networks"]]

    assert {volume for volume in volumes if not volume.startswith(".")} == COMPOSE["volumes"].keys()
    assert set(networks) == COMPOSE["networks"].keys()
    assert all((ROOT / volume).is_file() for volume in volumes if volume.startswith("."))


def test_caddy_is_given_every_variable_that_its_file_names():
    caddyfile = (ROOT / "docs/deploy/Caddyfile").read_text()

    assert set(re.findall(r"\{\$(\w+)\}", caddyfile)) == SERVICES["caddy"]["environment"].keys()
    assert "reverse_proxy web:8000" in caddyfile


def test_what_the_image_copies_exists_and_is_not_ignored():
    dockerfile = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    copies = [shlex.split(line)[1:-1] for line in dockerfile.splitlines() if line.startswith("COPY ")]
    sources = {source for copy in copies for source in copy}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert sources == allowed
    assert all((ROOT / source).exists() for source in sources)


def test_the_image_starts_the_web_by_itself():
    dockerfile = (ROOT / "Dockerfile").read_text()
    (command,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)

    assert tuple(yaml.safe_load(command)) == COMMANDS["web"]


def test_the_gpu_file_only_adds_to_services_that_exist():
    gpu = yaml.safe_load((ROOT / "docs/deploy/gpu.yml").read_text())

    assert gpu["services"].keys() <= SERVICES.keys()
