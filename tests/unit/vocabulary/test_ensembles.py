"""Rows that average networks: which there are, their members and their names."""

from __future__ import annotations

from typing import Any

from calvingfront.vocabulary.ensembles import ensembles_of
from calvingfront.vocabulary.models import (
    BASELINES,
    NETWORKS,
    ensemble_names,
    is_ensemble,
    model_label,
    model_order,
    reads_history,
)
from calvingfront.vocabulary.runs import Run


def config(
    kinds: list[str], models: Any = ("unet",), losses: Any = ("bce",), seeds: Any = (1, 2)
) -> dict[str, Any]:
    return {
        "evaluation": {"ensembles": kinds}, "networks": {"models": list(models)},
        "losses": list(losses), "seeds": list(seeds),
    }  # fmt: skip


def test_each_kind_averages_what_it_says() -> None:
    assert ensembles_of(config(["seeds"], losses=("bce", "wbce4"))) == {
        Run("unet_seeds", "bce"): [Run("unet", "bce", 1), Run("unet", "bce", 2)],
        Run("unet_seeds", "wbce4"): [Run("unet", "wbce4", 1), Run("unet", "wbce4", 2)],
    }
    found = ensembles_of(config(["losses"], losses=("bce", "wbce4"), seeds=(5,)))
    assert found == {Run("unet_losses"): [Run("unet", "bce", 5), Run("unet", "wbce4", 5)]}
    found = ensembles_of(config(["networks"], ("unet", "attention_unet"), seeds=(5,)))
    assert found == {Run("all_networks"): [Run("unet", "bce", 5), Run("attention_unet", "bce", 5)]}
    assert [*ensembles_of(config(["networks"], ("unet", "unet_history")))] == [
        Run("all_networks_dates")
    ]


def test_a_filtered_network_keeps_its_loss_and_seed_and_one_with_dates_is_not_filtered() -> None:
    assert ensembles_of(config(["filtered"], ("unet", "unet_history"), seeds=(4, 5))) == {
        Run("unet_filtered", "bce", 4): [Run("unet", "bce", 4)],
        Run("unet_filtered", "bce", 5): [Run("unet", "bce", 5)],
    }
    assert Run("unet_filtered", "bce", 4).label == "U-Net, filtered with dates, BCE"
    found = ensembles_of(config(["filtered", "seeds"]))
    assert next(iter(found)) == Run("unet_seeds", "bce")  # its members come first
    assert found[Run("unet_seeds_filtered", "bce")] == [Run("unet_seeds", "bce")]
    assert len(found) == 4
    assert model_label("unet_seeds_filtered") == "U-Net, seeds averaged, filtered with dates"
    assert Run("unet_seeds_filtered", "bce") not in ensembles_of(
        config(["filtered", "seeds"], seeds=(1,))
    )


def test_nothing_is_averaged_alone_or_unasked() -> None:
    assert not ensembles_of(config(["seeds", "losses", "networks"], seeds=(1,)))
    assert not ensembles_of(config([], ("unet", "attention_unet"), ("bce", "wbce4")))
    assert not ensembles_of(config([]) | {"evaluation": {}})


def test_an_average_is_no_training_and_nobody_elses() -> None:
    for name in ensemble_names():
        for run in (Run(name, "bce"), Run(name)):
            assert (run.trained, run.of_others, run.averaged) == (False, False, True)
    assert not any(is_ensemble(name) for name in (*NETWORKS, *BASELINES, "average", "my_seeds"))


def test_its_label_says_what_was_averaged_and_whether_dates_were_used() -> None:
    assert Run("unet_seeds", "wbce4").label == "U-Net, seeds averaged, WBCE4"
    assert Run("unet_history_losses").label == "U-Net + dates, losses and seeds averaged"
    for name in ensemble_names():
        assert ("dates" in model_label(name)) is reads_history(name)
    assert reads_history("unet_dates_seeds")
    assert not reads_history("unet_seeds")
    labels = [model_label(name) for name in (*ensemble_names(), *NETWORKS, *BASELINES)]
    assert len(set(labels)) == len(labels)


def test_averages_stand_after_the_networks_and_before_the_others() -> None:
    names = ["prior", "theirs", "all_networks", "unet_history_seeds", "unet_seeds", "unet"]
    assert sorted(names, key=model_order) == names[::-1]
