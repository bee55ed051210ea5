"""Average the predictions of several networks."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "average_predictions")
