"""Filter speckle in one image with a median over a fixed area."""

from calvingfront.samples.median import filter_file
from calvingfront.scenes.failures.records import scene_job
from calvingfront.scenes.sources import source_of

if __name__ == "__main__":
    with scene_job(snakemake):
        filter_file(
            **snakemake.input,
            **snakemake.params,
            output=snakemake.output[0],
            made=source_of(snakemake.config).imported,
        )
