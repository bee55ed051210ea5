"""Open every image and front once; write the scene table."""

from calvingfront.scenes.check import check_scenes
from calvingfront.scenes.failures.records import check_job
from calvingfront.scenes.scene_table import scene_table
from calvingfront.scenes.sources import source_of

if __name__ == "__main__":
    with check_job(snakemake, snakemake.params.scenes):
        scenes = scene_table(snakemake.params.scenes)
        check_scenes(
            scenes,
            snakemake.output.table,
            threads=snakemake.threads,
            made=source_of(snakemake.config).imported,
        )
