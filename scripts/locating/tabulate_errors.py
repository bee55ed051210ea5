"""Compare stated and measured errors of located fronts."""

from calvingfront.logs import log_to
from calvingfront.tables.errors import tabulate_errors

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        tabulate_errors(**dict(snakemake.input), **dict(snakemake.output))
