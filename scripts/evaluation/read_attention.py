"""Compute the attention maps of one network for the figures."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "read_attention")
