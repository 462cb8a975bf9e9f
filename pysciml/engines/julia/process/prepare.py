"""A tree with Julia and all packages, for machines without a network.

DIR/julia              Julia itself
DIR/project            the project and its manifest, which names all versions
DIR/packages           packages under development: PySciML.jl, as this pysciml has it
DIR/depot              the other packages, their binaries, and all of it compiled
DIR/pysciml-julia.json marks the tree
DIR/pysciml-julia.sh   to be sourced: sets PYSCIML_JULIA to DIR
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pysciml.engines.julia.process.locate import PREPARED, TREE, Place, depots, find, manifest
from pysciml.engines.julia.process.processes import Runner, run
from pysciml.engines.julia.process.readiness import readiness
from pysciml.errors import EngineError, InputError

__all__ = ["prepare"]

# Prints the folders that the manifest needs: of packages, and of binaries for this machine.
SOURCES = """
using Pkg
for (_, package) in Pkg.dependencies()
    folder = package.source
    (folder === nothing || startswith(folder, Sys.STDLIB)) && continue
    println(package.is_tracking_path ? "path" : "depot", '\\t', package.name, '\\t', folder)
    for name in ("JuliaArtifacts.toml", "Artifacts.toml")
        file = joinpath(folder, name)
        isfile(file) || continue
        for (_, about) in Pkg.Artifacts.select_downloadable_artifacts(file; include_lazy=true)
            hash = Base.SHA1(about["git-tree-sha1"])
            place = Pkg.Artifacts.artifact_path(hash)
            isdir(place) && println("depot", '\\t', about["git-tree-sha1"], '\\t', place)
        end
    end
end
"""
COMPILE = "using Pkg; Pkg.precompile(; strict=true)"
SHELL = """\
# Source this: pysciml then uses the Julia beside this file, and no network.
export {tree}="$(cd "$(dirname "${{BASH_SOURCE[0]:-$0}}")" && pwd)"
"""


def prepare(target: Path, *, compiled: bool = True, runner: Runner = run) -> Path:
    """Make a tree that runs without a network.

    Parameters
    ----------
    target : Path
        A folder that does not exist yet or is empty.
    compiled : bool
        Compile the packages in their new place.
    runner : callable
        Runs Julia.

    Returns
    -------
    Path
        The tree.

    Raises
    ------
    InputError
        If the folder holds something.
    EngineError
        If Julia is not installed here, or does not compile the packages there.
    """
    target = target.expanduser().resolve()
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} is not empty; name a new folder for the tree.")
    found = readiness()
    if not found.ready or found.place is None:
        raise EngineError(f"There is nothing to prepare a tree from. {found.reason}")
    target.mkdir(parents=True, exist_ok=True)
    try:
        _fill(target, found.place, compiled, runner)
    except BaseException:
        shutil.rmtree(target)  # half a tree is no use, and would stand in the way
        raise
    return target


def _fill(target: Path, place: Place, compiled: bool, runner: Runner) -> None:
    program = _copy_julia(place, target / "julia")
    moved = _copy_packages(place, target, runner)
    _copy_project(place, target / "project", moved)
    _copy_registries(place, target / "depot" / "registries")
    executable = Path("julia") / program
    said = {"executable": executable.as_posix(), "project": "project", "depot": "depot"}
    (target / PREPARED).write_text(json.dumps(said, indent=2) + "\n")
    (target / "pysciml-julia.sh").write_text(SHELL.format(tree=TREE))
    tree = find({**os.environ, TREE: str(target)})
    assert tree is not None
    own = {"JULIA_DEPOT_PATH": str(target / "depot")}
    if compiled and runner(tree, COMPILE, settings=own)[0] != 0:
        raise EngineError(f"The packages do not compile in {target}; what Julia printed says why.")


def _copy_julia(place: Place, home: Path) -> Path:
    """Copy the installation that an executable belongs to; give its path therein."""
    assert place.program is not None
    root = place.program.parent.parent
    if not (root / "share" / "julia").is_dir():
        raise EngineError(
            f"{place.program} is not in an installation of Julia (there is no {root}/share/julia)."
        )
    _copy(root, home)
    return place.program.relative_to(root)


def _copy(source: Path, target: Path, root: Path | None = None) -> None:
    """Copy a folder; links that lead out of it become what they lead to."""
    root = source.resolve() if root is None else root
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_symlink():
            link = entry.readlink()
            if entry.resolve().is_relative_to(root) and not link.is_absolute():
                (target / entry.name).symlink_to(link)
                continue
            if not entry.exists():
                continue
        if entry.is_dir():
            _copy(entry, target / entry.name, root)
        else:
            shutil.copy2(entry, target / entry.name)


def _copy_packages(place: Place, target: Path, runner: Runner) -> dict[str, str]:
    """Copy what the manifest needs; give where packages under development are now, by name."""
    code, text = runner(place, SOURCES, quiet=True)
    if code != 0:
        raise EngineError(
            f"Julia cannot say which packages the project {place.project} needs; what it printed "
            "says why."
        )
    moved = {}
    for kind, name, folder in _lines(text):
        source = Path(folder)
        if kind == "path":
            moved[name] = f"../packages/{name}"
            _copy(source, target / "packages" / name)
        else:
            # DEPOT/packages/Name/slug or DEPOT/artifacts/hash
            depth = 3 if source.parent.parent.name == "packages" else 2
            _copy(source, target / "depot" / Path(*source.parts[-depth:]))
    return moved


def _copy_registries(place: Place, target: Path) -> None:
    """Copy the registries: without any, Pkg would fetch one before it does anything."""
    target.mkdir(parents=True, exist_ok=True)
    for depot in depots({**os.environ, **place.settings}):
        if (depot / "registries").is_dir():
            _copy(depot / "registries", target)
            return


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    for line in dict.fromkeys(text.splitlines()):
        kind, name, folder = line.split("\t")
        yield kind, name, folder


def _copy_project(place: Place, target: Path, moved: dict[str, str]) -> None:
    """Copy the project, its manifest with the new paths."""
    target.mkdir()
    for name in ("Project.toml", "JuliaProject.toml", "LocalPreferences.toml"):
        if (place.project / name).is_file():
            shutil.copy2(place.project / name, target / name)
    read = manifest(place.project)
    assert read is not None
    lines, section = read[0].read_text().splitlines(), ""
    for number, line in enumerate(lines):
        if line.startswith("["):
            section = line.removeprefix("[[deps.").removesuffix("]]")
        elif line.startswith("path = ") and section in moved:
            lines[number] = f'path = "{moved[section]}"'
    (target / read[0].name).write_text("\n".join(lines) + "\n")
