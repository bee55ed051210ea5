"""Choose one row's threshold on the validation set, and the paper's on the test set."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "choose_threshold")
