"""Write Table II: thickness of the predicted fronts, beside the paper's values."""

from calvingfront.logs import log_to
from calvingfront.tables.thickness import tabulate_thickness

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        tabulate_thickness(**snakemake.input, **snakemake.params, **snakemake.output)
