"""Draw Dice over the threshold for every run."""

from calvingfront.figures.thresholds import draw_thresholds
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_thresholds(**snakemake.input, **snakemake.params, **snakemake.output)
