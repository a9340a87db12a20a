"""Settings of plain nbgrader and its formgrader in this course; ``proctor grade`` needs none of them.

Directories: sources are generated into ``_nbgrader/source`` by ``proctor release``; what ``nbgrader
generate_assignment`` makes of them goes to ``_nbgrader/release``, because ``notebooks/`` holds proctor's own release,
which is committed. Everything else (``submitted/``, ``autograded/``, ``feedback/``, ``gradebook.db``) lies where
nbgrader expects it.
"""

import os
import sys

from proctor.markers import CODE_STUB, TEXT_STUB
from proctor.sandbox import sandbox_problem

c = get_config()  # noqa: F821 - nbgrader provides it

# nbgrader calls the program "alembic", which lies beside Python; the virtual environment need not be active.
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])

c.CourseDirectory.source_directory = "_nbgrader/source"
c.CourseDirectory.release_directory = "_nbgrader/release"
# Text masters must never be copied into a release; a module that a student hands in must not lie beside the notebook
# that runs.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints", "__pycache__", "feedback", "*.pyc", "*.py", "*.md", "*.so", "*.pyd", "*.pth", "*.zip"
]  # fmt: skip

c.ClearSolutions.code_stub = {"python": CODE_STUB}
c.ClearSolutions.text_stub = TEXT_STUB

# A submission is rebuilt from the master before anything of it runs, and judged cell by cell.
c.Autograde.exporter_class = "proctor.nbgrader_steps.SubmissionExporter"
c.Autograde.sanitize_preprocessors = ["nbgrader.preprocessors.CheckCellMetadata"]
c.Autograde.autograde_preprocessors = [
    "proctor.nbgrader_steps.RunAndJudge",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# Students' code runs in the sandbox (proctor.provisioner); without one, autograding ends in an error for each student.
c.Execute.kernel_name = "ravine"
if problem := sandbox_problem():
    print(f"nbgrader autograde needs a sandbox here: {problem}; see `proctor doctor`", file=sys.stderr)
c.Execute.timeout = 30  # seconds of wall time a cell; the first one imports torch
c.Execute.shutdown_kernel = "immediate"

# Feedback holds no hidden test, no rubric and no traceback of a test.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "proctor.nbgrader_steps.HideTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
c.HTMLExporter.sanitize_html = True
