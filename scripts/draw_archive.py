"""Draw the contact sheet of the scenes."""

from calvingfront.figures.archive import draw_archive
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_archive(**snakemake.input, **snakemake.params, **snakemake.output)
