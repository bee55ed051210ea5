"""Convert one scene without a front to an 8-bit image."""

from calvingfront.scenes.failures.records import scene_job
from calvingfront.scenes.importing import import_new_scene

if __name__ == "__main__":
    with scene_job(snakemake):
        import_new_scene(**snakemake.input, **snakemake.params, output_image=snakemake.output.image)
