"""A candidate that is not all there, not of this release, or of no use, and what the gate says of it."""

import json
import re
import subprocess
import sys

import pytest

from training import gate
from training.gate import wholeness


def without_card(export):
    (export / "README.md").unlink()


def with_broken_weights(export):
    path = export / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def with_figures(**figures):
    def change(export):
        told = json.loads((export / "eval.json").read_text())
        (export / "eval.json").write_text(json.dumps(told | figures))

    return change


def with_no_json(export):
    (export / "eval.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (without_card, "the export lacks README.md"),
        (with_no_json, "eval.json is no JSON"),
        (with_figures(zero_shot={"uar": 0.5}), "no recall with an interval"),
        (with_figures(zero_shot={"uar": float("nan"), "interval": {"low": 0.1, "high": 0.2}}), "no recall"),
        (with_figures(probe={"uar": float("inf")}), "values that are not numbers"),
        (with_figures(training={"release_digest": "0" * 64}), "not trained on the release of this run"),
        (with_broken_weights, r"cannot be used: model\.safetensors does not have the digest"),
    ],
)
def test_the_gate_says_what_speaks_against_a_candidate(judged, monkeypatch, damage, fault):
    run, export, _claim = judged
    (export / "gate.json").unlink()
    if damage is with_broken_weights:
        monkeypatch.setattr(wholeness, "TRIAL", [sys.executable, "-m", "training.trial"])
    damage(export)

    verdict = gate.judge(run, export.parent)

    assert not verdict.passes
    assert len(verdict.faults) == 1
    assert re.search(fault, verdict.faults[0])
    assert not (export / "gate.json").exists()


def test_a_whole_export_passes_its_trial_in_a_process_without_django(judged):
    _run, export, _claim = judged

    script = "import sys; from training import trial; code = trial.main(['--folder', sys.argv[1]]); "
    script += "print(code, {name.split('.')[0] for name in sys.modules} & {'django', 'openempathic', 'contributions'})"
    said = subprocess.run([sys.executable, "-c", script, str(export)], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "0 set()"
