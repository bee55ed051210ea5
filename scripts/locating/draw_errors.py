"""Draw stated and measured errors of located fronts."""

from calvingfront.figures.errors import draw_errors
from calvingfront.logs import log_to

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        draw_errors(**dict(snakemake.input), **dict(snakemake.output))
