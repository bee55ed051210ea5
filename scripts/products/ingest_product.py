"""Check one radar product and write its metadata."""

from calvingfront.products.ingest import ingest_product
from calvingfront.scenes.failures.records import scene_job

if __name__ == "__main__":
    with scene_job(snakemake):
        ingest_product(
            product=snakemake.input.product,
            orbit_file=snakemake.input.orbit_file or None,
            output=snakemake.output.product,
            **snakemake.params,
        )
