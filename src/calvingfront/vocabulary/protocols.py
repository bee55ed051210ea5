"""The two ways to choose a threshold. The first is the one whose scores to quote."""

from __future__ import annotations

VALIDATION_THRESHOLD = "validation_threshold"
PAPER_PROTOCOL = "paper_protocol"

# name → label
PROTOCOLS = {
    VALIDATION_THRESHOLD: "validation threshold",
    PAPER_PROTOCOL: "paper protocol",
}
