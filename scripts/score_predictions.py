"""Score one run's test predictions."""

from calvingfront.evaluation.scores import score_predictions
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        score_predictions(
            **snakemake.input,
            **snakemake.params,
            scores=snakemake.output.scores,
        )
