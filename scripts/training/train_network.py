"""Train one network with one loss and one seed."""

from calvingfront.pipeline.job import how, run_job
from calvingfront.training.revision import HOW
from calvingfront.training.run import train_network

if __name__ == "__main__":
    run_job(snakemake, train_network, echo=True, **how(snakemake, HOW))
