"""Report on the scenes that are used, and on those that are not."""

from calvingfront.logs import log_to
from calvingfront.scenes.checks.report import report_scenes

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        report_scenes(**snakemake.input, **snakemake.params, **snakemake.output)
