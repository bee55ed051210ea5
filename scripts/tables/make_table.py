"""Make one table of the registry: the one whose files the rule writes."""

from pathlib import Path

from calvingfront.pipeline.job import run_job
from calvingfront.tables.registry import TABLES
from calvingfront.vocabulary.references import load

if __name__ == "__main__":
    run_job(snakemake, load(TABLES[Path(snakemake.output[0]).stem].code))
