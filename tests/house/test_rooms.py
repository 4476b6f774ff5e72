"""Who may import what, beyond what the import-linter's contracts can say."""

import os
import platform
import re
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house import sources

# A library that is hard to import, slow or a way out of the house has few doors.
DOORS = {
    # Whoever has only the model loads a checkpoint from a bucket without the site, whose storage is the first's.
    "boto3": {"openempathic.storage.s3", "training.clara.places"},
    "torchaudio": {"training.clara.spectrogram"},
    "webrtcvad": {"contributions.audio.speech"},
    "celery": {
        "openempathic.celery",
        "openempathic.accounts.tasks",
        "openempathic.audit.tasks",
        "contributions.tasks",
        "training.tasks",
    },
    "kombu": {"openempathic.file_broker", "openempathic.redis_broker"},
    "crowdkit": {"contributions.listening.aggregation"},
    "pandas": {"contributions.listening.aggregation"},
}

# What each part of the installation brings: a room may use what its part declares, not what happens to lie around.
BRINGS = {
    "training.clara": ("dependencies",),
    "training": ("dependencies", "training"),
    "": ("dependencies", "training", "web", "site"),
}
# What a module asks for only when it is used so, and does without otherwise, saying what to install.
ASKED_FOR = {
    "training.clara.places": {"boto3", "botocore"},
    "training.clara.signature": {"cryptography"},
    "training.clara.sounds": {"av"},
}
# The rooms of the child that trains: pure PyTorch, able to run on a machine that has no Django.
CHILD = re.compile(
    r"training\.(fit|plan|packing|corpora|prosody|facets|captions|augmentation|batches|loss|learner|state|evaluation"
    r"|commands?)\b"
)

HEAVY = {
    "torch",
    "torchaudio",
    "av",
    "webrtcvad",
    "sklearn",
    "scipy",
    "numpy",
    "boto3",
    "botocore",
    "pandas",
    "crowdkit",
}
SITE = {"django", "openempathic", "contributions", "celery", "boto3"}

WEB = """
import sys
from openempathic.wsgi import application
from django.urls import get_resolver
get_resolver().reverse_dict
def addresses(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            addresses(pattern)
addresses(get_resolver())
"""

TASKS = """
from openempathic.celery import app
app.loader.import_default_modules()
assert {"contributions.tasks", "training.tasks"} <= set(sys.modules), "no task was discovered"
"""


def loaded_in_a_fresh_process(script: str) -> set[str]:
    """The modules that a new Python has loaded once the script has run in it."""
    told = script + "\nprint('LOADED', *sorted(sys.modules))"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "openempathic.settings"}
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, env=environment, cwd=sources.ROOT
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split("LOADED", 1)[1].split())


def test_platform_is_a_source_root_and_pythons_own_module_is_found():
    assert not (sources.ROOT / "platform" / "__init__.py").exists()
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))


def test_a_web_process_loads_neither_the_model_nor_sound_nor_s3_nor_celery():
    loaded = loaded_in_a_fresh_process(WEB)

    assert "contributions.urls" in loaded
    assert loaded & (HEAVY | {"celery", "kombu"}) == set()


def test_discovering_the_tasks_loads_no_heavy_library_either():
    loaded = loaded_in_a_fresh_process(WEB + TASKS)

    assert loaded & HEAVY == set()


def test_the_child_that_trains_loads_without_the_site():
    loaded = loaded_in_a_fresh_process("import sys, training.fit")

    assert loaded & SITE == set()


def test_the_model_loads_without_the_site():
    loaded = loaded_in_a_fresh_process("import sys, training.clara")

    assert loaded & SITE == set()


@pytest.mark.parametrize("library", DOORS)
def test_a_library_with_few_doors_is_imported_only_through_them(library):
    assert sources.importers(library) <= DOORS[library]


def test_only_tasks_speak_to_the_broker_so_that_no_page_waits_for_it():
    speakers = sources.callers("delay", "apply_async", "send_task")

    assert speakers <= {"contributions.tasks", "training.tasks"}


@pytest.mark.parametrize("room", ["training.clara", "contributions.audio"])
def test_a_room_that_stands_alone_imports_nothing_of_ours_but_itself(room):
    inside = [module for module in sources.modules() if module == room or module.startswith(f"{room}.")]
    ours = {name for module in inside for name in sources.imports(module) if name.split(".")[0] in sources.SOURCE_ROOTS}

    assert inside
    assert {name for name in ours if name != room and not name.startswith(f"{room}.")} <= {room.rpartition(".")[0]}


@pytest.mark.parametrize("word", ["utils", "helpers", "helper", "common", "misc", "services", "managers"])
def test_no_module_is_called_after_nothing(word):
    assert [module for module in sources.modules() if word in module.split(".")] == []


@pytest.mark.parametrize("part", BRINGS)
def test_every_library_a_room_imports_is_declared_for_it(part):
    distributions = packages_distributions()
    undeclared = {
        f"{module}: {library}"
        for module in sources.modules()
        if part_of(module) == part
        for library in {name.split(".")[0] for name in sources.imports(module)}
        if library not in sys.stdlib_module_names and library not in sources.SOURCE_ROOTS
        if library not in ASKED_FOR.get(module, set())
        if declared(part).isdisjoint(normal(name) for name in distributions.get(library, []))
    }

    assert undeclared == set()


def part_of(module: str) -> str:
    """Which part of the installation must suffice for the module."""
    if module.startswith("training.clara"):
        return "training.clara"
    return "training" if CHILD.match(module) else ""


def declared(part: str) -> set[str]:
    """The names of the distributions that the part's extras name."""
    project = tomllib.loads((sources.ROOT / "pyproject.toml").read_text())["project"]
    every = {"dependencies": project["dependencies"], **project["optional-dependencies"]}
    names = {normal(re.split(r"[\[<>=,;\s]", line)[0]) for extra in BRINGS[part] for line in every[extra]}
    # boto3 is botocore's own front: whoever asks for the one has chosen the other.
    return names | {"botocore"} if "boto3" in names else names


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()
