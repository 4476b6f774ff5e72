"""The one door to torchaudio opens beside a CPU build of torch and beside a CUDA build."""

import ast
import sys
from pathlib import Path

import pytest
import torch

import training
from training.clara import spectrogram

INIT = "from . import _extension\nfrom . import functional\nis_here = True\n"
FUNCTIONAL = "from torchaudio._extension import _IS_TORCHAUDIO_EXT_AVAILABLE as has_extension\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package laid out like torchaudio, whose extension we choose."""

    def laid_out(extension):
        for name, text in {"": INIT, "_extension": extension, "functional": FUNCTIONAL}.items():
            (tmp_path / "torchaudio" / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / "torchaudio" / name / "__init__.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)

    real = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "torchaudio"}
    yield laid_out
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        del sys.modules[name]
    sys.modules.update(real)


def test_an_extension_that_loads_is_left_alone(package):
    package("_IS_TORCHAUDIO_EXT_AVAILABLE = 'the real one'\n")

    torchaudio = spectrogram.imported_torchaudio()

    assert torchaudio.functional.has_extension == "the real one"
    assert sys.modules["torchaudio._extension"].__spec__ is not None


def test_an_extension_that_cannot_load_is_stood_in_for(package):
    package("raise OSError('libcudart.so.13: cannot open shared object file')\n")

    torchaudio = spectrogram.imported_torchaudio()

    assert torchaudio.is_here
    assert torchaudio.functional.has_extension is False


def test_an_absent_torchaudio_is_said_to_be_absent(package, monkeypatch):
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(ModuleNotFoundError, match="torchaudio"):
        spectrogram.imported_torchaudio()


def test_no_other_module_imports_torchaudio():
    importers = set()
    for path in Path(training.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                named = [node.module or ""]
            if any(name.split(".")[0] == "torchaudio" for name in named):
                importers.add(path.name)

    # The door itself goes through importlib, so that it can look at what went wrong.
    assert importers == set()


def test_sound_read_faster_is_shorter_and_higher():
    time = torch.arange(16_000) / 16_000
    tone = torch.sin(2 * torch.pi * 1_000 * time)

    faster = spectrogram.resampled(tone[None], from_hz=110, to_hz=100)[0]

    loudest = torch.fft.rfft(faster).abs().argmax() * 16_000 / len(faster)
    assert len(faster) == 14_546
    assert loudest.item() == pytest.approx(1_100, abs=5)
