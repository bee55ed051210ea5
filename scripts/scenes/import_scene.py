"""Convert one scene to an 8-bit image and a front mask on the same grid."""

from calvingfront.logs import log_to
from calvingfront.scenes.importing import import_scene

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        import_scene(
            **snakemake.input,
            **snakemake.params,
            output_image=snakemake.output.image,
            output_front=snakemake.output.front,
        )
