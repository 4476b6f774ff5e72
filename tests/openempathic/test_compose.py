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
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {
        "caddy",
        "web",
        "backups",
    }
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
                assert re.fullmatch(r"\$\{\w+:[?-]\}", value)
    for address in re.findall(r"\w+://\S+@\S+", TEXT):
        assert re.search(r":\$\{\w+:\?\}@", address)


def test_our_processes_read_every_variable_they_are_given():
    code = "\n".join(path.read_text() for path in (ROOT / "platform/openempathic").rglob("*.py"))

    for name in OURS["web"]["environment"].keys() | OURS["backups"]["environment"].keys():
        assert f'"{name}"' in code


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
    sources = {source for copy in copies if not copy[0].startswith("--from=") for source in copy}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert sources == allowed
    assert all((ROOT / source).exists() for source in sources)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's words and what they are told, without comments and line ends."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    whole = re.sub(r"\\\n\s*", "", "\n".join(line for line in lines if not line.startswith("#")))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in whole.splitlines() if line)]


def stages() -> dict[str, list[tuple[str, str]]]:
    """What is said in each stage, by its name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for word, rest in instructions():
        if word == "FROM":
            found[rest.rpartition(" AS ")[2]] = []
        if found:
            found[list(found)[-1]].append((word, rest))
    return found


def lineage(name: str) -> list[tuple[str, str]]:
    """All that is said for a stage, from its first base on."""
    said = stages()[name]
    base = said[0][1].split()[0]
    return [*(lineage(base) if base in stages() else []), *said]


def test_every_target_that_compose_builds_is_a_stage_and_one_image_has_one_target():
    builds = {service["image"]: service["build"]["target"] for service in OURS.values()}

    assert builds == {f"openempathic-{target}": target for target in ("web", "worker", "backups")}
    assert set(builds.values()) <= stages().keys()
    assert {name for name, service in OURS.items() if service["build"]["target"] == "web"} == {"web"}


@pytest.mark.parametrize(("target", "service"), [("web", "web"), ("backups", "backups")])
def test_an_image_starts_what_it_is_for_by_itself(target, service):
    (command,) = [rest for word, rest in stages()[target] if word == "CMD"]

    assert tuple(yaml.safe_load(command)) == COMMANDS[service]


def test_the_web_image_asks_how_it_is_as_compose_does():
    (check,) = [rest for word, rest in stages()["web"] if word == "HEALTHCHECK"]

    assert ["CMD", *yaml.safe_load(check.partition("CMD ")[2])] == SERVICES["web"]["healthcheck"]["test"]


@pytest.mark.parametrize("target", ["web", "worker", "backups"])
def test_an_image_runs_as_nobody_in_particular_without_pip_and_from_a_base_that_is_pinned(target):
    said = lineage(target)
    tags = [*re.findall(r"PYTHON=(\S+)", (ROOT / "Dockerfile").read_text())]

    assert [rest for word, rest in said if word == "USER"][-1] == "10001:10001"
    assert any("pip uninstall --yes pip" in rest for word, rest in said if word == "RUN")
    assert not [rest for word, rest in said if word == "RUN" and re.search(r"pip (--\S+ \S+ )?install", rest)]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+-slim-\w+", tag) for tag in tags)
    assert not [rest for word, rest in said if word == "ADD" or "sudo" in rest or "latest" in rest]


def test_what_is_installed_from_elsewhere_is_named_by_its_digest_and_the_web_has_no_model():
    installs = [
        rest for word, rest in instructions() if word == "RUN" and " install " in rest and "apt-get" not in rest
    ]
    for rest in installs:
        for command in re.findall(r"pip --python \S+ install ([^&]+)", rest):
            assert command.startswith(("--require-hashes --requirement ", "--no-deps --editable ."))
    web = "".join(rest for _word, rest in stages()["web-libraries"])

    assert "requirements/web.txt" in web
    assert "requirements/site.txt" not in web


def test_apt_leaves_nothing_behind_and_brings_programs_as_new_as_the_server():
    (apt,) = [rest for word, rest in instructions() if word == "RUN" and "apt-get" in rest]
    (ours,) = [rest for word, rest in stages()["backups"] if word == "ARG"]

    assert apt.count("apt-get install") == apt.count("--yes --no-install-recommends") == 2
    assert apt.endswith("rm -rf /var/lib/apt/lists/*")
    assert SERVICES["postgres"]["image"].startswith(f"postgres:{ours.partition('=')[2]}.")


def test_every_image_of_others_is_pinned():
    for name in SERVICES.keys() - OURS.keys():
        assert re.search(r":\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_has_limits_comes_back_and_fills_no_disk_with_what_it_says(name):
    service = SERVICES[name]

    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["restart"] == ("no" if name == "prepare" else "unless-stopped")
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_process_of_ours_writes_into_var_alone_and_has_no_rights(name):
    service = OURS[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert {volume.split(":")[0] for volume in service["volumes"]} <= {"var", "backups"}


def test_nobody_outside_asks_caddy_how_the_site_is_doing():
    caddyfile = (ROOT / "docs/deploy/Caddyfile").read_text()

    assert re.search(r"@inner path /metrics /readyz\s+respond @inner 404", caddyfile)


def test_the_gpu_file_only_adds_to_services_that_exist():
    gpu = yaml.safe_load((ROOT / "docs/deploy/gpu.yml").read_text())

    assert gpu["services"].keys() <= SERVICES.keys()
