"""Write the threshold of a result of others that consists of masks or lines."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "fix_threshold")
