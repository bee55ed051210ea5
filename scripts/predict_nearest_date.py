"""Predict the validation and test scenes without a network: nearest date."""

from calvingfront.evaluation.baselines import predict_nearest_date
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        predict_nearest_date(
            **snakemake.input,
            **snakemake.params,
            probabilities=snakemake.output.probabilities,
            predictions=snakemake.output.predictions,
        )
