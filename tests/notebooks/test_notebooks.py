"""The notebooks run from top to bottom, and are kept without outputs."""

import os
from pathlib import Path

import pytest

import pysciml

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NEEDS_JULIA = "03_julia_engine"
RUNNABLE = [
    pytest.param(path, marks=[pytest.mark.julia] if path.stem == NEEDS_JULIA else [], id=path.stem)
    for path in NOTEBOOKS
]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert code_cells(notebook)
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


def told(output):
    """Give what an output says on stderr, but for the line with which Julia starts."""
    if output.get("name") != "stderr":
        return ""
    lines = output.text.splitlines()
    return "\n".join(line for line in lines if not line.startswith("pysciml: Julia "))


@pytest.mark.slow
@pytest.mark.parametrize("path", RUNNABLE)
def test_a_notebook_runs(path, tmp_path):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    # Of this interpreter, with figures where the reader sees them.
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    environment["PYTHONPATH"] = str(Path(pysciml.__file__).parents[1])
    client.execute(env=environment)
    for cell in code_cells(notebook):
        # A warning is text on stderr.
        assert "".join(map(told, cell.outputs)) == ""
        drawn = any("image/png" in output.get("data", {}) for output in cell.outputs)
        assert drawn == ("plot" in cell.source and "import" not in cell.source), cell.source


def test_there_is_a_notebook():
    assert [path.stem for path in NOTEBOOKS] == [
        "01_first_steps",
        "02_models_and_solving",
        NEEDS_JULIA,
    ]
