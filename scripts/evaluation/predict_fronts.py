"""Predict the validation and test scenes with one trained network."""

from calvingfront.evaluation.predict import predict_fronts
from calvingfront.pipeline.job import how, run_job

if __name__ == "__main__":
    run_job(snakemake, predict_fronts, **how(snakemake, ("device", "gpu_slots")))
