"""The card of a model that states errors."""

from __future__ import annotations

from calvingfront.locating.model.content import (
    Brightness,
    Member,
    ModelCard,
    Percentiles,
    Preprocessing,
    Range,
    Score,
    Scores,
    ThresholdChoice,
    TrainedOn,
)  # fmt: skip
from calvingfront.uncertainty.calibration import Calibration

SIZE, PIXEL = 64, 20.0
SCORE = Score(1, 0.5, 0.4, 10.0, 0, 9.0, {}, {})
SHARES = Percentiles(0.0, 0.1, 0.2)
CARD = ModelCard(
    title="Bands",
    members=(Member("member_1.safetensors", "", "unet", "bce", 1, {}, "0.1", None),) * 2,
    orientations=8,
    preprocessing=Preprocessing(SIZE, 0.0, "paper", 3, "linear"),
    threshold=0.5,
    threshold_choice=ThresholdChoice("", 7, 0.5),
    min_front_length_m=100.0,
    calibration=Calibration(7, (50, 90, 95), (0.5, 1.5, 2.0), (50.0, 90.0, 95.0), 0.4),
    spread_px=Percentiles(1.0, 2.0, 4.0),
    trained_on=TrainedOn(
        5, 7, 3, "images", "paper", ("A",), ("ERS", "TSX"), "2000-01-01", "2001-01-01",
        Range(18.0, 22.0), Range(10.0, 20.0), Brightness(Percentiles(90, 100, 110), SHARES, SHARES),
    ),
    scores=Scores(SCORE, {}, {}),
    licence="MIT",
    data="bands",
    remarks="",
)  # fmt: skip
