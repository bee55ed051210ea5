"""Import one result of others as predictions of the validation and test scenes."""

from calvingfront.pipeline.job import run_step

if __name__ == "__main__":
    run_step(snakemake, "import_others")
