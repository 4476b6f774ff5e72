"""The command `clara` does what it says without a site, and says in words what it cannot do."""

import json
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import torch

from tests.training.corpora import layouts
from tests.training.worlds import flac, voice
from training import command, fit
from training.clara import Clara, ClaraConfig, seed_head
from training.clara.checkpoint import write_durably
from training.commands import models
from training.corpora import IncompleteCorpus
from training.evaluation import probe

SOUNDS = Path(__file__).parents[1] / "sounds"
EMOTIONS = ("anger", "neutral", "sadness")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An untrained model and three sounds, one of which is none."""
    folder = tmp_path_factory.mktemp("command")
    torch.manual_seed(0)
    clara = Clara(ClaraConfig.preset("nano", emotions=EMOTIONS))
    clara.save(folder / "model", labels={name: [f"a voice of {name}"] for name in EMOTIONS})
    (folder / "model" / "README.md").write_text("# A card\n")
    for name in ("anger", "sadness"):
        (folder / f"{name}.flac").write_bytes(flac(voice(name, seed=1)))
    (folder / "letter.txt").write_text("Dear Vera,")
    return folder


def run(*arguments):
    return command.main([str(argument) for argument in arguments])


def test_no_act_needs_django_and_help_needs_no_torch():
    script = """
import sys, importlib
from training import command
try: command.main(["--help"])
except SystemExit as ended: assert ended.code == 0
assert "torch" not in sys.modules
for act in command.ACTS: importlib.import_module(f"training.commands.{act}")
print({name.split(".")[0] for name in sys.modules} & {"django", "openempathic", "contributions", "celery"})
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert all(act in said for act in command.ACTS)
    assert said.splitlines()[-1] == "set()"


def test_a_file_is_answered_by_a_line(folder, capsys):
    assert run("predict", "--model", folder / "model", folder / "anger.flac", folder / "sadness.flac") == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(folder / "anger.flac"), str(folder / "sadness.flac")]
    assert all(line.split("\t")[1] in EMOTIONS for line in lines)


def test_json_tells_every_probability(folder, capsys):
    assert run("predict", "--json", "--model", folder / "model", folder / "anger.flac") == 0

    told = json.loads(capsys.readouterr().out)
    assert set(told["probabilities"]) == set(EMOTIONS)
    assert sum(told["probabilities"].values()) == pytest.approx(1)


def test_words_of_ones_own_are_ranked(folder, capsys):
    words = ["a tired voice", "a cheerful voice"]

    assert run("predict", "--json", "--model", folder / "model", folder / "anger.flac", "--words", *words) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["words"] == max(told["cosines"], key=told["cosines"].get)
    assert set(told["probabilities"]) == set(words)


def test_rather_than_guess_it_says_not_sure(folder, capsys, monkeypatch):
    monkeypatch.setattr(Clara, "sure", lambda clara, suggestion: None)

    run("predict", "--model", folder / "model", folder / "anger.flac")

    assert "\tnot sure\t" in capsys.readouterr().out


def test_one_bad_file_is_named_and_the_others_are_answered(folder, capsys):
    assert run("predict", "--model", folder / "model", folder / "letter.txt", folder / "anger.flac") == 1

    said = capsys.readouterr()
    assert "letter.txt" in said.err
    assert "Traceback" not in said.err
    assert len(said.out.splitlines()) == 1


def test_embeddings_are_the_models(folder, capsys):
    sound = models.waveform(folder / "anger.flac")
    own = Clara.load(folder / "model").embed_audio([sound])[0].numpy()

    assert run("embed", "--model", folder / "model", folder / "anger.flac") == 0
    told = json.loads(capsys.readouterr().out)
    assert run("embed", "--model", folder / "model", folder / "anger.flac", "--out", folder / "it.npz") == 0

    assert np.allclose(told["embedding"], own, atol=1e-6)
    with np.load(folder / "it.npz", allow_pickle=False) as kept:
        assert np.array_equal(kept["embeddings"][0], own)
        assert kept["keys"].tolist() == [str(folder / "anger.flac")]


def test_what_is_exported_is_verified_until_a_byte_is_changed(folder, capsys):
    target = folder / "exported"

    assert run("export", folder / "model", "--to", target) == 0
    assert run("verify", target) == 0
    assert "embeds the same" in capsys.readouterr().out
    assert (target / "README.md").read_text() == "# A card\n"

    content = bytearray((target / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (target / "model.safetensors").write_bytes(bytes(content))
    assert run("verify", "--json", target) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["is_sound"]
    assert all("model.safetensors does not have the digest" in fault for fault in told["faults"])


def test_an_export_writes_nothing_over(folder, capsys):
    assert run("export", folder / "model", "--to", folder) == 1
    assert "is there already" in capsys.readouterr().err


def test_train_is_the_same_fit(folder, monkeypatch):
    started = []
    monkeypatch.setattr(fit, "main", lambda arguments: started.append(arguments) or fit.RESUME_ME)
    (folder / "run").mkdir()
    write_durably(folder / "run" / "plan.json", b"{}")

    assert run("train", folder / "run") == 75
    assert started == [["--folder", str(folder / "run")]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verify", "nowhere"], "there is no folder nowhere"),
        (["verify", "."], "holds no config.json"),
        (["train", "nowhere"], "there is no folder nowhere"),
        (["train", "."], "holds no plan.json"),
        (["evaluate", "babel", "--root", "."], "no adapter is called 'babel'; there are cremad"),
        (["evaluate", "emodb", "--bare", "--root", "nowhere"], "there is no folder nowhere"),
        (["evaluate", "emodb", "--bare", "--root", ".", "--trained-on", "babel"], "--trained-on takes CORPUS=DIR"),
        (["embed", "--model", "model", "nowhere.wav"], "nowhere.wav: No such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(folder, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(folder)

    assert run(*arguments) == 1

    told = capsys.readouterr().err
    assert told.startswith("clara: ")
    assert said in told
    assert "Traceback" not in told


def test_an_unknown_act_is_not_understood(capsys):
    with pytest.raises(SystemExit) as ended:
        run("sing")

    assert ended.value.code == 2


def wav(path, sound):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray((sound * 32_767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode(None)])


@pytest.mark.filterwarnings("ignore::training.corpora.IncompleteCorpus")
def test_emodb_is_evaluated_from_a_folder_of_its_own_layout(folder, capsys, monkeypatch):
    monkeypatch.setattr(probe, "STRENGTHS", (0.01,))
    for number, (speaker, letter) in enumerate((who, what) for who in ("03", "08", "09") for what in "WN" * 2):
        name = f"{speaker}a0{1 + number % 2}{letter}{'ab'[number // 2 % 2]}"
        wav(
            folder / "emodb" / "wav" / f"{name}.wav",
            voice({"W": "anger", "N": "neutral"}[letter], seed=number, seconds=0.4),
        )
    asked = ["evaluate", "emodb", "--root", folder / "emodb", "--cache", folder / "cache", "--draws", "50"]
    asked += ["--model", folder / "model"]

    assert run(*asked, "--page", folder / "emodb.html") == 0
    table = capsys.readouterr().out
    assert run(*asked, "--json") == 0
    told = json.loads(capsys.readouterr().out)

    for row in ("bare tower, probe", "CLARA, probe", "CLARA, zero-shot", "chance"):
        assert row in table
    assert told["folds"] == ["emodb-03", "emodb-08", "emodb-09"]
    assert told["emotions"] == ["anger", "neutral"]
    assert told["bare_tower"]["uar"] == 1.0  # a low and a high tone
    assert told["captions"]["in_words_of"].keys() == {"en"}
    assert told["probe_against_bare_tower"]["interval"]["low"] <= told["probe_against_bare_tower"]["difference"]
    assert "<svg" in (folder / "emodb.html").read_text()


def test_the_installed_command_asks_the_seed_head_and_says_its_licence():
    installed = Path(sys.executable).parent / "clara"
    command = [installed] if installed.exists() else [sys.executable, "-m", "training.command"]
    done = subprocess.run([*command, "predict", SOUNDS / "german-anger.wav"], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\t")[1] == "anger"
    assert "CC BY-NC-SA 4.0" in done.stderr


def test_a_corpus_that_the_seed_head_knows_flatters_it(folder, capsys):
    layouts.ravdess(folder / "ravdess", actors=(1, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteCorpus)
        assert (
            run("evaluate", "ravdess", "--root", folder / "ravdess", "--draws", "50", "--emotions", "anger", "calm")
            == 0
        )

    told = capsys.readouterr()
    assert "CLARA, zero-shot" in told.out
    assert "CC BY-NC-SA 4.0" in told.err
    assert "trained on ravdess itself" in told.err


def test_without_a_model_the_tower_stands_alone(folder, capsys, monkeypatch):
    monkeypatch.setattr(seed_head, "FOLDER", folder / "no seed head")

    assert run("predict", folder / "anger.flac") == 1
    assert "name a checkpoint with --model" in capsys.readouterr().err


def test_a_mistake_of_ours_is_not_dressed_up(folder, monkeypatch):
    monkeypatch.setattr(models, "decoded", lambda content: SimpleNamespace().sound)

    with pytest.raises(AttributeError):
        run("embed", "--model", folder / "model", folder / "anger.flac")
