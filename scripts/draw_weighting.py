"""Draw Figure 2: truth, weight map, prediction, weighted prediction."""

from calvingfront.figures.weighting import draw_weighting
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_weighting(**snakemake.input, **snakemake.params, **snakemake.output)
