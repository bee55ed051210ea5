"""Write Table II: thickness of the predicted fronts, beside the paper's values."""

from calvingfront.evaluation.thickness import tabulate_thickness
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        tabulate_thickness(**snakemake.input, **snakemake.params, **snakemake.output)
