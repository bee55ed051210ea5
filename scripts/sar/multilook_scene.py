"""Calibrate and multilook one product."""

from calvingfront.logs import log_to
from calvingfront.products.ingest import open_ingested
from calvingfront.sar.intensity_file import write_intensity
from calvingfront.sar.multilook import multilook

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        product = open_ingested(snakemake.input.product)
        scene = multilook(product, snakemake.params.spacing_m, snakemake.threads)
        write_intensity(scene, snakemake.output.intensity, snakemake.threads)
