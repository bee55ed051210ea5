"""Predict the validation and test scenes with one trained network."""

from calvingfront.evaluation.predict import predict_fronts
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        predict_fronts(
            **snakemake.input,
            **snakemake.params,
            probabilities=snakemake.output.probabilities,
            predictions=snakemake.output.predictions,
            # Not parameters of the rule: another device is no reason to do it again.
            device=snakemake.config["training"]["device"],
            gpu_slots=snakemake.config["training"]["gpu_slots"],
            threads=snakemake.threads,
        )
