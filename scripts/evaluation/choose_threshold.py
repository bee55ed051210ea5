"""Choose one row's threshold on the validation set, and the paper's on the test set."""

from calvingfront.evaluation.thresholds import choose_threshold
from calvingfront.pipeline.job import run_job

if __name__ == "__main__":
    run_job(snakemake, choose_threshold)
