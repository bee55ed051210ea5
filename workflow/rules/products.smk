# Products: from a level-1 radar product to validated metadata.
#
# in:   products of any mission, simulated or real, also packed; orbit files if given
# out:  <results>/unpacked/{scene}              the files of a packed product, while its map is made
#       <results>/scenes/{scene}/product.json   metadata of the checked product


if SOURCE.products:

    rule unpack_product:
        """Unpack the archive of a product, for as long as its map is made."""
        input:
            archive=lambda wildcards: given(archive_of(wildcards)),
        output:
            folder=temp(directory("<results>/unpacked/{scene}")),
        log:
            "<logs>/unpack_product/{scene}.log",
        conda:
            "../../envs/sar.yaml"
        threads: 1
        resources:
            mem_mb=500,
            runtime="30m",
        params:
            made_from(
                "calvingfront.products.delivery.unpacking:unpack_product",
                files={"product": scene_cell("image", source_rows)},
            ),
        script:
            "../../scripts/products/unpack_product.py"

    rule ingest_product:
        """Check a whole product and write its metadata, with the state vectors of an orbit file if one is given."""
        input:
            product=lambda wildcards: unpacked(wildcards)
            or given(source_rows[wildcards.scene]["image"]),
            orbit_file=given_cell("orbit_file", source_rows),
        output:
            product="<results>/scenes/{scene}/product.json",
        log:
            "<logs>/ingest_product/{scene}.log",
        # A product that is unpacked is used before the next one takes room on the disk.
        priority: 1
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
