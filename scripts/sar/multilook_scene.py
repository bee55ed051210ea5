"""Calibrate and multilook one product."""

from calvingfront.products.ingest import open_ingested
from calvingfront.sar.intensity_file import write_intensity
from calvingfront.sar.multilook import multilook
from calvingfront.scenes.failures.records import scene_job

if __name__ == "__main__":
    with scene_job(snakemake):
        product = open_ingested(snakemake.input.product)
        scene = multilook(product, snakemake.params.spacing_m, snakemake.threads)
        write_intensity(scene, snakemake.output.intensity, snakemake.threads)
