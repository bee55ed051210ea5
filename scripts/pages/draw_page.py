"""Draw the page of the located fronts."""

from calvingfront.logs import log_to
from calvingfront.pages.draw import draw_page

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_page(**snakemake.input, **snakemake.output)
