"""The two ways to choose a threshold, the one to quote first."""

from __future__ import annotations

VALIDATION_THRESHOLD = "validation_threshold"
PAPER_PROTOCOL = "paper_protocol"

# name → label
PROTOCOLS = {
    VALIDATION_THRESHOLD: "validation threshold",
    PAPER_PROTOCOL: "paper protocol",
}
