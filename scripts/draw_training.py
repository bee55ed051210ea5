"""Draw the training curves."""

from calvingfront.figures.training import draw_training
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_training(**snakemake.input, **snakemake.params, **snakemake.output)
