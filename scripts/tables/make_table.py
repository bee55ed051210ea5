"""Make one table of the registry, identified by the file that the rule writes."""

from pathlib import Path

from calvingfront.pipeline.job import run_step
from calvingfront.tables.registry import TABLES

if __name__ == "__main__":
    run_step(snakemake, TABLES[Path(snakemake.output[0]).stem].step)
