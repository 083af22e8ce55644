"""Whose line a warning points at, where packages stand between that line and ours."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import FrameType


def level_outside() -> int:
    """Return the ``stacklevel``, as the caller would write it, of the nearest line that is in no installed package."""
    packages = _packages()
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and frame.f_code.co_filename.startswith(packages):
        frame, level = frame.f_back, level + 1
    return level if frame is not None else 1


@cache
def _packages() -> tuple[str, ...]:
    """Return with what the files of packages begin: ours, those of the standard library and of site-packages."""
    folders = {
        Path(__file__).parents[1],
        *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")),
    }
    return ("<", *(f"{folder}{os.sep}" for folder in folders))
