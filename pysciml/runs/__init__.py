"""Run directories: what was run, its history and its checkpoints, safe against a kill.

Every file is replaced as a whole, arrays are stored without pickle, and one process at a time
may write to a directory.
"""

from pysciml.runs.atomic import replacing, write_atomic, write_json, write_toml
from pysciml.runs.checkpoint import check_arrays, read_checkpoint, save_checkpoint
from pysciml.runs.directory import RunDirectory
from pysciml.runs.provenance import versions

__all__ = [
    "RunDirectory",
    "check_arrays",
    "read_checkpoint",
    "replacing",
    "save_checkpoint",
    "versions",
    "write_atomic",
    "write_json",
    "write_toml",
]
