"""Open every image and front once; write the scene table and the scene report."""

from calvingfront.scenes.check import check_scenes
from calvingfront.scenes.failures.records import check_job
from calvingfront.scenes.scene_table import scene_table
from calvingfront.scenes.sources import source_of

if __name__ == "__main__":
    with check_job(snakemake, snakemake.params.scenes):
        scenes = scene_table(snakemake.params.scenes)
        scenes.attrs["notes"] = list(snakemake.params.notes)
        check_scenes(
            scenes,
            excluded=snakemake.params.excluded,
            output=snakemake.output.table,
            report=snakemake.output.report,
            page=snakemake.output.page,
            threads=snakemake.threads,
            made=source_of(snakemake.config).imported,
        )
