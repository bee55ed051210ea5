"""The code, versions and hardware of a run, recorded so that others can repeat it."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import calvingfront
from calvingfront.compute.device import hardware_name


def code_commit() -> str:
    """Return the commit of the checkout that the code runs from; empty outside a checkout.

    An installed copy may be inside another project's checkout, which does not track this file.
    """
    if not _git("ls-files", "--error-unmatch", Path(__file__).name):
        return ""
    return _git("describe", "--always", "--dirty", "--abbrev=12")


def _git(*words: str) -> str:
    folder = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def surroundings(device: torch.device) -> dict[str, Any]:
    """Return the versions, the commit and the hardware of this run."""
    return {
        "calvingfront": calvingfront.__version__,
        "commit": code_commit(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "device": str(device),
        "hardware": hardware_name(device),
    }
