# Products: from a level-1 radar product to metadata that have been checked.
#
# in:   products of any mission, simulated or real; orbit files where they are given
# out:  <results>/scenes/{scene}/product.json   metadata of a product that has been checked whole


if SOURCE.products:

    rule ingest_product:
        """Check a product whole and write its metadata, with the vectors of an orbit file where one is given."""
        input:
            product=scene_cell("image", source_rows),
            orbit_file=lambda wildcards: source_rows[wildcards.scene]["orbit_file"] or [],
        output:
            product="<results>/scenes/{scene}/product.json",
        log:
            "<logs>/ingest_product/{scene}.log",
        conda:
            "../../envs/sar.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime="10m",
        params:
            mission=scene_cell("mission"),
            acquired=scene_cell("acquired"),
            polarisation=scene_cell("polarisation"),
        script:
            "../../scripts/products/ingest_product.py"
