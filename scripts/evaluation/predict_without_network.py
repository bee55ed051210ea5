"""Predict the validation and test scenes by a rule that needs no network."""

from calvingfront.evaluation.baselines import predict_without_network
from calvingfront.pipeline.job import run_job

if __name__ == "__main__":
    run_job(snakemake, predict_without_network)
