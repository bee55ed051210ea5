"""Draw one figure of the registry: the one whose files the rule writes."""

from pathlib import Path

from calvingfront.figures.registry import FIGURES
from calvingfront.pipeline.job import run_job
from calvingfront.vocabulary.references import load

if __name__ == "__main__":
    run_job(snakemake, load(FIGURES[Path(snakemake.output[0]).stem].code))
