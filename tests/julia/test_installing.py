"""install, prepare and sysimage, with a Julia that only notes what it is told."""

import os
import subprocess
from pathlib import Path

import pytest
from places import installed

from pysciml.cli.main import run as command
from pysciml.engines.julia.process import install as installing
from pysciml.engines.julia.process.install import install
from pysciml.engines.julia.process.locate import find
from pysciml.engines.julia.process.package import package
from pysciml.engines.julia.process.prepare import prepare
from pysciml.engines.julia.process.readiness import readiness
from pysciml.engines.julia.process.status import examine, place
from pysciml.engines.julia.process.sysimage import build, usable
from pysciml.errors import EngineError, InputError


@pytest.fixture
def there(monkeypatch, tmp_path):
    """An installation that the environment names; its folder."""
    for name in [n for n in os.environ if n.startswith(("PYSCIML_JULIA", "PYTHON_JULIACALL"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "installed"
    folder.mkdir()
    for name, value in installed(folder).items():
        monkeypatch.setenv(name, value)
    return folder


class Noting:
    """Runs nothing; answers by words in the script."""

    def __init__(self, **answers):
        self.answers, self.told = answers, []

    def __call__(self, place, script, *arguments, quiet=False, settings=None):
        self.told.append((place, script, arguments, settings or {}))
        for word, answer in self.answers.items():
            if word in script:
                return answer(arguments) if callable(answer) else answer
        return 0, ""


def test_install_completes_the_project_that_is_named(there):
    runner = Noting(**{"using PySciML": (0, "1.10.10")})
    assert install(runner).startswith("Julia 1.10.10 is installed")
    assert "Pkg.instantiate" in runner.told[0][1]
    assert runner.told[0][0].project == there / "project"


@pytest.mark.parametrize("word", ["instantiate", "using PySciML"])
def test_install_says_what_failed(there, word):
    with pytest.raises(EngineError, match="what Julia printed says why"):
        install(Noting(**{word: (1, "")}))


def test_install_without_a_network_says_what_to_do(there, monkeypatch):
    import juliapkg

    def fail(force):
        raise OSError("Could not resolve host: julialang-s3.julialang.org")

    monkeypatch.setattr(installing, "find", lambda: None)
    monkeypatch.setattr(juliapkg, "resolve", fail)
    with pytest.raises(EngineError, match="`pysciml julia prepare --to DIR` elsewhere"):
        install(Noting())


def sources(there):
    lines = [
        f"path\tPySciML\t{package()}",
        f"depot\tPythonCall\t{there / 'depot/packages/PythonCall/abcde'}",
        f"depot\t0a1b\t{there / 'depot/artifacts/0a1b'}",
    ]
    return "\n".join([*lines, lines[-1]]) + "\n"


def test_a_prepared_tree_is_whole_and_names_nothing_outside(there, tmp_path, monkeypatch):
    (there / "julia-1.10" / "lib" / "julia" / "libinside.so").symlink_to("sys.so")
    (tmp_path / "outside.so").write_text("outside\n")
    (there / "julia-1.10" / "lib" / "julia" / "liboutside.so").symlink_to(tmp_path / "outside.so")
    runner = Noting(**{"Pkg.dependencies": (0, sources(there))})
    tree = prepare(tmp_path / "tree", runner=runner)
    compiled, script, _, settings = runner.told[-1]
    assert "Pkg.precompile" in script
    assert settings["JULIA_DEPOT_PATH"] == str(tree / "depot")
    assert compiled.program == tree / "julia" / "bin" / "julia"
    libraries = tree / "julia" / "lib" / "julia"
    assert (libraries / "libinside.so").is_symlink()
    assert not (libraries / "liboutside.so").is_symlink()
    assert (libraries / "liboutside.so").read_text() == "outside\n"
    assert (tree / "depot/packages/PythonCall/abcde/src/PythonCall.jl").is_file()
    assert (tree / "depot/artifacts/0a1b/lib/something.so").is_file()
    assert (tree / "depot/registries/General.toml").is_file()
    assert (tree / "packages/PySciML/src/PySciML.jl").is_file()
    for file in (tree / "project").iterdir():
        assert str(there) not in file.read_text()
        assert str(package()) not in file.read_text()
    # Moved, and with what it was made from gone, it is still whole.
    moved = tree.rename(tmp_path / "moved")
    there.rename(tmp_path / "gone")
    for name in [n for n in os.environ if n.startswith("PYSCIML_JULIA")]:
        monkeypatch.delenv(name)
    assert readiness({"PYSCIML_JULIA": str(moved)}).ready
    shell = f". {moved / 'pysciml-julia.sh'}; printf %s $PYSCIML_JULIA"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout == str(moved)


def test_prepare_refuses_a_folder_that_holds_something(there, tmp_path):
    with pytest.raises(InputError, match="is not empty"):
        prepare(there)
    assert command(["julia", "prepare", "--to", str(there)]) == 2


def test_prepare_needs_something_to_copy(there, tmp_path):
    (there / "project" / "Manifest.toml").unlink()
    with pytest.raises(EngineError, match="nothing to prepare a tree from"):
        prepare(tmp_path / "tree", runner=Noting())


def test_prepare_says_when_the_packages_do_not_compile(there, tmp_path):
    answers = {"Pkg.dependencies": (0, sources(there)), "precompile": (1, "")}
    with pytest.raises(EngineError, match="do not compile in"):
        prepare(tmp_path / "tree", runner=Noting(**answers))
    assert not (tmp_path / "tree").exists()


def write(arguments):
    Path(arguments[0]).write_text("an image")
    return 0, ""


def test_an_image_is_used_until_versions_change(there):
    here = place()
    assert usable(here) is None
    image = build(here, Noting(create_sysimage=write))
    assert image.parent.stat().st_mode & 0o077 == 0
    assert usable(here) == image
    assert examine().details["system image"] == str(image)
    manifest = there / "project" / "Manifest.toml"
    manifest.write_text(manifest.read_text() + "\n# another version\n")
    assert usable(here) is None
    assert "not used" in examine().details["system image"]
    assert build(here, Noting(create_sysimage=write)) != image


def test_a_failed_image_leaves_nothing_to_start_with(there):
    with pytest.raises(EngineError, match="PackageCompiler made no image"):
        build(place(), Noting(create_sysimage=(1, "")))
    assert usable(place()) is None


def test_no_cache_no_image(there, monkeypatch):
    monkeypatch.setenv("PYSCIML_CACHE_DIR", "off")
    with pytest.raises(EngineError, match="PYSCIML_CACHE_DIR turns the cache off"):
        build(place(), Noting())


def test_status_as_a_command(there, capsys):
    assert command(["julia", "status"]) == 0
    assert "1.10.10" in capsys.readouterr().out
    assert command(["julia", "status", "--json"]) == 0
    assert '"ready": true' in capsys.readouterr().out
    (there / "project" / "Manifest.toml").unlink()
    assert command(["julia", "status"]) == 1
    assert "pysciml julia install" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["test", "sysimage"])
def test_commands_without_julia_are_refused_in_a_sentence(there, capsys, name):
    (there / "project" / "Manifest.toml").unlink()
    assert command(["julia", name]) == 1
    assert "has no Manifest.toml" in capsys.readouterr().err


def test_the_tests_of_the_package_run_in_the_place_that_was_found(there, capfd):
    assert find().program == there / "julia-1.10/bin/julia"
    (there / "julia-1.10/bin/julia").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    assert command(["julia", "test"]) == 0
    out = capfd.readouterr().out
    assert f"--project={there / 'project'}" in out
    assert str(package() / "test" / "runtests.jl") in out
    (there / "julia-1.10/bin/julia").write_text("#!/bin/sh\nexit 3\n")
    assert command(["julia", "test"]) == 1
    assert "exit code 3" in capfd.readouterr().err
