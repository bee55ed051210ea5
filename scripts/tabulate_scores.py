"""Write Table I: scores of every run, both protocols, beside the paper's values."""

from calvingfront.logs import log_to
from calvingfront.tables.scores import tabulate_scores

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        tabulate_scores(**snakemake.input, **snakemake.params, **snakemake.output)
