"""Starting as the workflow does: what is told before the first job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calvingfront.check.start import start
from calvingfront.errors import Faults

REPOSITORY = Path(__file__).resolve().parents[1]
SCHEMAS = [REPOSITORY / "workflow/schemas" / f"{name}.schema.yaml" for name in ("config", "scenes")]
SMALL = {"samples": {"size": 64, "front_width_px": 3}, "training": {"batch_size": 2}}


def faults_of(config: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(Faults) as caught:
        start(config, *SCHEMAS, **more)
    return [str(fault) for fault in caught.value.faults]
