"""Predict the validation and test scenes with one trained network."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "predict_fronts")
