"""Score one row's test predictions."""

from calvingfront.evaluation.scores import score_predictions
from calvingfront.pipeline.job import run_job

if __name__ == "__main__":
    run_job(snakemake, score_predictions)
