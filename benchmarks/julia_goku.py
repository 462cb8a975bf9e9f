"""Solve and differentiate the core of GOKU-UI in Julia, beside the reference code's route.

Run with Julia at hand: ``python benchmarks/julia_goku.py``. The last line is JSON: milliseconds of
both, their ratio, and both errors. Julia's environment needs SciMLSensitivity and Zygote.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pysciml as ps
from pysciml.engines.julia.translator.source import source

MODEL = """
const TEXT = raw\"\"\"
{text}
\"\"\"
model() = System(
    TEXT; states={states}, params={params}, styles=Dict({styles}), noise=:diagonal,
    calculus=:ito, sources={states},
)
"""


def main() -> int:
    """Translate the model and run the script."""
    core = ps.catalog.stuart_landau(3)
    made = source(core, "float64")
    styles = ", ".join(f'"{name}" => "{style}"' for name, style in made.functions.items())
    text = MODEL.format(
        text=made.text,
        states=core.size,
        params=sum(v.size for v in core.params.values()),
        styles=styles,
    )
    julia = os.environ.get("PYSCIML_JULIA_EXE", "julia")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.jl"
        path.write_text(text)
        script = Path(__file__).with_suffix(".jl")
        command = [julia, "--startup-file=no", str(script), str(path)]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
