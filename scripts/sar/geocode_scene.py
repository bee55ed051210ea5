"""Resample one multilooked scene onto the map grid."""

from calvingfront.sar.geocode import geocode_file
from calvingfront.scenes.failures.records import scene_job

if __name__ == "__main__":
    with scene_job(snakemake):
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
