"""Draw Figure 1: the network, from the network object itself."""

from calvingfront.figures.architecture import draw_architecture
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_architecture(**snakemake.input, **snakemake.params, **snakemake.output)
