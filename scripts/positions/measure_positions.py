"""Measure the position of one glacier's front through time."""

from calvingfront.logs import log_to
from calvingfront.position.glacier import measure_glacier

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        measure_glacier(**snakemake.input, **snakemake.params, **snakemake.output)
