from .file import Study as Study
from .file import parse_study as parse_study
from .file import read_study as read_study
from .result import StudyResult as StudyResult
from .result import load_result as load_result
from .run import resume_study as resume_study
from .run import run_study as run_study
from .run import set_aside as set_aside

__all__ = [
    "Study",
    "StudyResult",
    "load_result",
    "parse_study",
    "read_study",
    "resume_study",
    "run_study",
    "set_aside",
]
