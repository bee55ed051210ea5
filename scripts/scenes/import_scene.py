"""Convert one scene to an 8-bit image and a front mask on the same grid."""

from calvingfront.scenes.failures.records import scene_job
from calvingfront.scenes.importing import import_scene

if __name__ == "__main__":
    with scene_job(snakemake):
        import_scene(
            **snakemake.input,
            **snakemake.params,
            output_image=snakemake.output.image,
            output_front=snakemake.output.front,
        )
