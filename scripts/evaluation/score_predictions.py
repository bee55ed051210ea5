"""Score one row's test predictions."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "score_predictions")
