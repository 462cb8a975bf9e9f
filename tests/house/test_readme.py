"""What the README says is what runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pysciml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_two_commands_come_first():
    assert blocks("bash")[:2] == [
        "pip install . && pysciml train studies/fmri_goku.toml\n",
        'pip install ".[test]" && pytest\n',
    ]


def test_the_check_runs_the_commands_of_the_readme():
    listed = subprocess.run(
        ["bash", ROOT / ".ci/run", "--list"], capture_output=True, text=True, check=True
    )
    assert listed.stdout == "".join(blocks("bash"))
    assert all(block.count("\n") == 1 for block in blocks("bash"))


def test_links_lead_somewhere():
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/architecture.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_table_of_systems_is_the_catalogue():
    from pysciml import catalog

    listed = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(catalog.names())


@pytest.mark.slow
def test_the_examples_run(tmp_path):
    program = "".join(blocks("python"))
    assert "epochs=200" in program
    # Two epochs are enough to see that it runs.
    (tmp_path / "example.py").write_text(program.replace("epochs=200", "epochs=2"), "utf-8")
    environment = os.environ | {"PYTHONPATH": str(Path(pysciml.__file__).parents[1])}
    subprocess.run([sys.executable, "example.py"], cwd=tmp_path, env=environment, check=True)
