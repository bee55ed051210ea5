"""Unpack the archive of one product."""

from calvingfront.products.delivery.unpacking import unpack_product
from calvingfront.scenes.failures.records import scene_job

if __name__ == "__main__":
    with scene_job(snakemake):
        unpack_product(snakemake.input.archive, snakemake.output.folder)
