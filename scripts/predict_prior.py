"""Predict the validation and test scenes without a network: prior."""

from calvingfront.evaluation.baselines import predict_prior
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        predict_prior(
            **snakemake.input,
            **snakemake.params,
            probabilities=snakemake.output.probabilities,
            predictions=snakemake.output.predictions,
        )
