"""Train one network with one loss and one seed."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "train_network", echo=True)
