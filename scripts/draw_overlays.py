"""Draw Figure 3: predictions of both networks under every loss."""

from calvingfront.figures.overlays import draw_overlays
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_overlays(**snakemake.input, **snakemake.params, **snakemake.output)
