"""Convert one scene without a front to an 8-bit image."""

from calvingfront.logs import log_to
from calvingfront.scenes.importing import import_new_scene

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        import_new_scene(**snakemake.input, **snakemake.params, output_image=snakemake.output.image)
