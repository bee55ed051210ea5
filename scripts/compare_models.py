"""Write the paired comparisons between runs."""

from calvingfront.logs import log_to
from calvingfront.tables.comparisons import compare_models

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        compare_models(**snakemake.input, **snakemake.params, **snakemake.output)
