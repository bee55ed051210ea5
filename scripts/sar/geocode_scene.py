"""Resample one multilooked scene onto the map grid."""

from calvingfront.logs import log_to
from calvingfront.sar.geocode import geocode_file

if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        geocode_file(
            intensity=snakemake.input.intensity,
            product=snakemake.input.product,
            dem=snakemake.input.dem,
            geoid=snakemake.input.geoid or None,
            output=snakemake.output.map,
            view=snakemake.output.view,
            threads=snakemake.threads,
            **snakemake.params,
        )
