"""Gather the fronts of single scenes in one file."""

from calvingfront.locating.gather import gather_fronts
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        gather_fronts(**snakemake.input, **snakemake.params, **snakemake.output)
