"""Open every image and front once; write the scene table."""

from calvingfront.logs import log_to
from calvingfront.scenes.check import check_scenes
from calvingfront.scenes.scene_table import scene_table

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        scenes = scene_table(snakemake.params.scenes)
        check_scenes(scenes, snakemake.output.table, threads=snakemake.threads)
