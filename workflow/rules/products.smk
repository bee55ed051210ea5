# Products: from a level-1 radar product to a map image.
#
# in:   products of any mission, a terrain model; or nothing (simulated)
# out:  <results>/archive  simulated products, each in its mission's own layout, terrain model and fronts
#       <results>/scenes/{scene}/product.json   metadata of a product that has been checked whole
#       <results>/scenes/{scene}/intensity.tif  calibrated, multilooked intensity in radar geometry, and its .json
#       <results>/scenes/{scene}/map.tif        backscatter on the map (COG)
#       <results>/scenes/{scene}/view.tif       how the radar saw it: 0 no data, 1 valid, 2 layover, 3 shadow


if PRODUCTS and SOURCE == "simulated":
    planned_rows = plan_simulated(config).set_index("scene").to_dict("index")

    rule simulate_terrain:
        """Write the terrain model of the simulated world and the fronts of all scenes."""
        input:
            world="<results>/archive/world.npz",
        output:
            dem="<results>/archive/dem.tif",
            fronts="<results>/archive/fronts.gpkg",
        log:
            "<logs>/simulate_terrain.log",
        benchmark:
            "<benchmarks>/simulate_terrain.tsv"
        conda:
            "../../envs/sar.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime="10m",
        params:
            scenes=[
                {"scene": scene, "glacier": row["glacier"], "acquired": row["acquired"]}
                for scene, row in source_rows.items()
            ],
        script:
            "../../scripts/simulate_terrain.py"

    rule simulate_product:
        """Image the world in true radar geometry and write the mission's own product."""
        input:
            world="<results>/archive/world.npz",
        # The product's own name comes from its layout; the record holds it.
        output:
            product="<results>/archive/products/{scene}/product.json",
        log:
            "<logs>/simulate_product/{scene}.log",
        conda:
            "../../envs/sar.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime="20m",
        params:
            scene="{scene}",
            glacier=scene_cell("glacier"),
            mission=scene_cell("mission"),
            acquired_utc=scene_cell("acquired_utc", planned_rows),
            orbit=scene_cell("orbit", planned_rows),
            level=scene_cell("level", planned_rows),
            quality=scene_cell("quality"),
        script:
            "../../scripts/simulate_product.py"


if PRODUCTS:

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
            "../../scripts/ingest_product.py"

    rule multilook_scene:
        """Read the pixels once, calibrate them and average them to about the map's spacing."""
        input:
            product=rules.ingest_product.output.product,
        output:
            intensity="<results>/scenes/{scene}/intensity.tif",
            geometry="<results>/scenes/{scene}/intensity.json",
        log:
            "<logs>/multilook_scene/{scene}.log",
        benchmark:
            "<benchmarks>/multilook_scene/{scene}.tsv"
        conda:
            "../../envs/sar.yaml"
        # One core each: scenes side by side, as half of a small scene's time is Python's start.
        # For a few huge ones: --set-threads multilook_scene=4 geocode_scene=4.
        threads: 1
        resources:
            mem_mb=2000,
            runtime="20m",
        params:
            spacing_m=map_spacing,
        script:
            "../../scripts/multilook_scene.py"

    rule geocode_scene:
        """Resample a multilooked scene onto the map grid with the terrain model (range-Doppler, backward)."""
        input:
            intensity=rules.multilook_scene.output.intensity,
            geometry=rules.multilook_scene.output.geometry,
            product=rules.ingest_product.output.product,
            dem=MAP["dem"],
            geoid=MAP["geoid"] or [],
        output:
            map="<results>/scenes/{scene}/map.tif",
            view="<results>/scenes/{scene}/view.tif",
        log:
            "<logs>/geocode_scene/{scene}.log",
        benchmark:
            "<benchmarks>/geocode_scene/{scene}.tsv"
        conda:
            "../../envs/sar.yaml"
        threads: 1
        resources:
            mem_mb=3000,
            runtime="20m",
        params:
            crs=MAP["crs"],
            spacing_m=map_spacing,
            vertical_datum=MAP["vertical_datum"],
            terrain_flattening=MAP["terrain_flattening"],
            area=lambda wildcards: MAP["areas"].get(source_rows[wildcards.scene]["glacier"]),
        script:
            "../../scripts/geocode_scene.py"
