"""Read the attention maps of one network for the figures."""

from calvingfront.evaluation.attention import read_attention
from calvingfront.pipeline.job import how, run_job

if __name__ == "__main__":
    run_job(snakemake, read_attention, **how(snakemake, ("device", "gpu_slots")))
