"""Choose one run's threshold on the validation set, and the paper's way."""

from calvingfront.evaluation.thresholds import choose_threshold
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        choose_threshold(
            **snakemake.input,
            **snakemake.params,
            threshold=snakemake.output.threshold,
            curve=snakemake.output.curve,
        )
