"""The notebook runs from its top to its bottom, and says what it says it will."""

import json

import nbformat
from nbclient import NotebookClient

from tests.house.sources import ROOT

NOTEBOOK = ROOT / "docs" / "notebooks" / "clara.ipynb"


def test_the_notebook_runs_from_top_to_bottom(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()

    said = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "9 clips" in said
    assert "sure of: anger" in said
    assert "{'emotion': 'anger', 'language': 'german'} -> anger" in said


def test_the_notebook_lies_in_git_without_what_it_said():
    told = json.loads(NOTEBOOK.read_text())

    cells = [cell for cell in told["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
