"""Check one radar product and write its metadata."""

from calvingfront.logs import log_to
from calvingfront.products.ingest import ingest_product

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        ingest_product(
            product=snakemake.input.product,
            orbit_file=snakemake.input.orbit_file or None,
            output=snakemake.output.product,
            **snakemake.params,
        )
