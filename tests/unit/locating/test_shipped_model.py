"""The model that comes with the package."""

from __future__ import annotations

from calvingfront.locating.model.choice import SHIPPED_WORD
from calvingfront.locating.model_folder import SHIPPED, read_model
from calvingfront.training.starting.source import find_start
from calvingfront.vocabulary.models import reads_history
from calvingfront.vocabulary.runs import Run


def test_it_is_whole_and_says_where_it_comes_from() -> None:
    model = read_model(SHIPPED)
    assert "10.1594/PANGAEA.940950" in model.data
    assert model.licence == "CC-BY-4.0"
    assert len(model.load_networks()) == len(model.members) >= 3
    assert not any(reads_history(member.model) for member in model.members)


def test_its_card_tells_scores_by_mission_and_glacier() -> None:
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    for word in ("ERS-1", "TerraSAR-X", "glacier SI", "glacier DBE", "JAC"):
        assert word in text


def test_trainings_start_from_the_folder_that_locates() -> None:
    seeds = {member.seed for member in read_model(SHIPPED).members}
    for seed in seeds:
        start = find_start(SHIPPED_WORD, Run("pretrained_unet", "bce", seed))
        assert start.weights.parent == SHIPPED
