"""Draw one figure of the registry, identified by the file that the rule writes."""

from pathlib import Path

from calvingfront.figures.registry import FIGURES
from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, FIGURES[Path(snakemake.output[0]).stem].step)
