"""Thin the front of one scene and dilate it in preparation for resizing."""

from calvingfront.samples.fronts import dilate_file
from calvingfront.scenes.failures.records import scene_job
from calvingfront.scenes.sources import source_of

if __name__ == "__main__":
    with scene_job(snakemake):
        dilate_file(
            **snakemake.input,
            **snakemake.params,
            output=snakemake.output[0],
            made=source_of(snakemake.config).imported,
        )
