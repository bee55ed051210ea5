"""Filter the predictions of a network with the fronts of other dates."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "filter_predictions")
