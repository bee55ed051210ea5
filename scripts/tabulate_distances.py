"""Write the front position errors and the breakdown by kind of image."""

from calvingfront.logs import log_to
from calvingfront.tables.distances import tabulate_distances

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        tabulate_distances(**snakemake.input, **snakemake.params, **snakemake.output)
