"""The fixtures of this folder."""

from small_study import study, study_file, tables

__all__ = ["study", "study_file", "tables"]
