"""Installations of Julia made of empty files, for tests of what is found without starting it."""

import json
import tomllib
from importlib.metadata import version

from pysciml.engines.julia.process.package import package

MANIFEST = """
julia_version = "1.10.10"
manifest_format = "2.0"

[[deps.PySciML]]
deps = {deps}
path = "{package}"
uuid = "5f0d3c1e-8a57-4b52-9d0e-2c7c4f3b6a91"
version = "0.1.0"

    [deps.PySciML.extensions]
{extensions}

[[deps.PythonCall]]
git-tree-sha1 = "0123456789012345678901234567890123456789"
uuid = "6099a3de-0909-46bc-b1f4-468b9a2dfc0d"
version = "{bridge}"

[[deps.Test]]
uuid = "8dfed614-e22c-5e08-85e1-65c5234f0b40"
"""


def installed(folder, *, bridge=None, openssl=None):
    """Make Julia, a project and a depot; give the environment that names them."""
    program = folder / "julia-1.10" / "bin" / "julia"
    for file in (
        program,
        folder / "julia-1.10" / "lib" / "julia" / "sys.so",
        folder / "julia-1.10" / "lib" / "libjulia.so",
        folder / "julia-1.10" / "share" / "julia" / "base.jl",
        folder / "depot" / "packages" / "PythonCall" / "abcde" / "src" / "PythonCall.jl",
        folder / "depot" / "artifacts" / "0a1b" / "lib" / "something.so",
        folder / "depot" / "registries" / "General.toml",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"this is {file.name}\n")
    program.chmod(0o755)
    header = folder / "julia-1.10" / "include" / "julia" / "julia_version.h"
    header.parent.mkdir(parents=True)
    header.write_text('#define JULIA_VERSION_STRING "1.10.10"\n')
    project = folder / "project"
    project.mkdir()
    (project / "Project.toml").write_text('[deps]\nPySciML = "5f0d3c1e"\n')
    ours = tomllib.loads((package() / "Project.toml").read_text())
    text = MANIFEST.format(
        deps=json.dumps(list(ours["deps"])),
        extensions="\n".join(f"{k} = {json.dumps(v)}" for k, v in ours["extensions"].items()),
        package=package().as_posix(),
        bridge=bridge or version("juliacall"),
    )
    if openssl:
        text += f'\n[[deps.OpenSSL_jll]]\nuuid = "458c3c95"\nversion = "{openssl}"\n'
    (project / "Manifest.toml").write_text(text)
    return {
        "PYSCIML_JULIA_EXE": str(program),
        "PYSCIML_JULIA_PROJECT": str(project),
        "JULIA_DEPOT_PATH": str(folder / "depot"),
        "PYSCIML_CACHE_DIR": str(folder / "cache"),
    }
