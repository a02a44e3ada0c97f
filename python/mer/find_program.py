"""Where the program `mer` is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mer.errors import UsageError


def program() -> Path:
    """The `mer` program: of the environment's MER, beside the package in a build folder, or on the PATH."""
    named = os.environ.get("MER")
    if named:
        if not os.access(named, os.X_OK):
            raise UsageError(f"MER names {named}, which is no program", "set it to the mer program, or unset it")
        return Path(named)
    beside = Path(__file__).parents[2] / "bin/mer"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("mer")
    if not found:
        raise UsageError(
            "the program `mer` isn't found", "put it on the PATH, or set MER to it; docs/install.md builds it"
        )
    return Path(found)


def program_folder() -> str:
    """Its folder, beside which models and configs are; empty where there is no program."""
    try:
        return str(program().resolve().parent)
    except UsageError:
        return ""
