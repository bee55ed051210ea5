"""Predict the validation and test scenes by a rule without a network."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "predict_without_network")
