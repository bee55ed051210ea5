"""Records of what results were made from, for results that a test writes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from calvingfront.pipeline.origins import origin_of, write_origin
from calvingfront.pipeline.results import Results
from calvingfront.provenance.content import Digests
from calvingfront.vocabulary.runs import Run


def write_origin_of(folder: Path, config: dict[str, Any], run: Run, step: str) -> None:
    """Write the record of one step's outputs as if they had been made here and now."""
    call, digests = Results(folder, config).call_of(step, run), Digests()
    assert call.origin is not None
    origin = origin_of(call.step, config, run, call.inputs, call.parameters, digests)
    write_origin(call.origin, origin, call.step, config, run, call.outputs, digests)
