"""Calibrate and multilook one product, or the part of it that the map area needs."""

from calvingfront.products.ingest import open_ingested
from calvingfront.sar.intensity_file import write_intensity
from calvingfront.sar.multilook import multilook_area
from calvingfront.scenes.failures.records import scene_job

if __name__ == "__main__":
    with scene_job(snakemake):
        product = open_ingested(snakemake.input.product)
        scene = multilook_area(product, threads=snakemake.threads, **snakemake.params)
        write_intensity(scene, snakemake.output.intensity, snakemake.threads)
