"""Gradients on the julia engine, with native routes beside them in one run.

Needs Julia with SciMLSensitivity, ReverseDiff and BenchmarkTools in its environment. The last line
of the output is JSON, in milliseconds.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import jax.numpy as jnp

import pysciml as ps
from pysciml.engines.julia.translator.source import source

HERE = Path(__file__).parent


@ps.model(
    state={"x": [0.44249296, 4.6280594]},
    params={"a": 1.3, "d": 1.8},
    networks={"missing": ps.MLP(2, [32, 32], 2, activation="tanh")},
)
def ude(t, u, p):
    missing = p.missing(u.x)
    return {"x": jnp.stack([p.a * u.x[0] + missing[0], -p.d * u.x[1] + missing[1]])}


@ps.model(
    state={"x": jnp.ones(3), "y": jnp.zeros(3)},
    params={"a": jnp.ones(3), "omega": jnp.ones(3), "k": jnp.full(3, 0.2), "s": jnp.full(3, 0.1)},
)
def oscillators(t, u, p):
    """Three Stuart-Landau oscillators, coupled through their mean: 12 parameters."""
    grow = p.a - u.x**2 - u.y**2
    return {
        "x": grow * u.x - p.omega * u.y + p.k * (jnp.mean(u.x) - u.x),
        "y": grow * u.y + p.omega * u.x + p.k * (jnp.mean(u.y) - u.y),
    }


MODELS = {"ude": ude, "sde": oscillators.noise(lambda t, u, p: {"x": p.s, "y": p.s})}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for name, model in MODELS.items():
            made = source(model)
            lines = [f"{function}={style}" for function, style in made.functions.items()]
            Path(folder, f"{name}.jl").write_text(made.text)
            Path(folder, f"{name}.styles").write_text("\n".join(lines))
            Path(folder, f"{name}.caches").write_text("\n".join(sorted(made.caches)))
        julia = os.environ.get("PYSCIML_JULIA_EXE") or shutil.which("julia")
        script = str(HERE / "julia_gradients.jl")
        subprocess.run([julia, "--startup-file=no", script, folder], check=True)
