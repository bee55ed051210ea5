# Products: from a level-1 radar product to validated metadata.
#
# in:   products of any mission, simulated or real; orbit files if given
# out:  <results>/scenes/{scene}/product.json   metadata of the checked product


if SOURCE.products:

    rule ingest_product:
        """Check a whole product and write its metadata, with the state vectors of an orbit file if one is given."""
        input:
            product=given_cell("image", source_rows),
            orbit_file=given_cell("orbit_file", source_rows),
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
            made_from(
                "calvingfront.products.ingest:ingest_product",
                *every_module("calvingfront.products"),
                files={
                    "product": scene_cell("image", source_rows),
                    "orbit_file": scene_cell("orbit_file", source_rows),
                },
            ),
            mission=scene_cell("mission"),
            acquired=scene_cell("acquired"),
            polarisation=scene_cell("polarisation"),
        script:
            "../../scripts/products/ingest_product.py"
