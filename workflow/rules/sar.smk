# SAR: from the pixels of a product to an image on the map.
#
# in:   checked products, a terrain model
# out:  <results>/scenes/{scene}/intensity.tif  calibrated, multilooked intensity in radar geometry, and its .json
#       <results>/scenes/{scene}/map.tif        backscatter on the map (COG)
#       <results>/scenes/{scene}/view.tif       view codes: 0 no data, 1 valid, 2 layover, 3 shadow, 4 height filled in
from calvingfront.sar.heights.files import expanded

if SOURCE.products:
    # A pattern is the files that match it now.
    TERRAIN = expanded(MAP["dem"])

    rule multilook_scene:
        """Read the pixels that the map area needs, calibrate them and average them to about the posting of the map."""
        input:
            product=rules.ingest_product.output.product,
            unpacked=unpacked,
        output:
            intensity="<results>/scenes/{scene}/intensity.tif",
            geometry="<results>/scenes/{scene}/intensity.json",
        log:
            "<logs>/multilook_scene/{scene}.log",
        benchmark:
            "<benchmarks>/multilook_scene/{scene}.tsv"
        priority: 1
        conda:
            "../../envs/sar.yaml"
        # One core each, with scenes side by side: starting Python takes half the time of a small scene.
        # For a few very large scenes: --set-threads multilook_scene=4 geocode_scene=4.
        threads: 1
        resources:
            mem_mb=product_memory(lambda size: size.multilook_mb),
            runtime="20m",
        params:
            made_from(
                "calvingfront.products.ingest:open_ingested",
                "calvingfront.sar.multilook:multilook_area",
                "calvingfront.sar.intensity_file:write_intensity",
                *every_module("calvingfront.products"),
            ),
            crs=MAP["crs"],
            spacing_m=map_spacing,
            area=map_area,
        script:
            "../../scripts/sar/multilook_scene.py"

    rule geocode_scene:
        """Resample a multilooked scene onto the map grid by backward range-Doppler geocoding with the terrain model."""
        input:
            intensity=rules.multilook_scene.output.intensity,
            geometry=rules.multilook_scene.output.geometry,
            product=rules.ingest_product.output.product,
            unpacked=unpacked,
            dem=[given(path) for path in TERRAIN] if isinstance(TERRAIN, list) else given(TERRAIN),
            geoid=given(MAP["geoid"]),
        output:
            map="<results>/scenes/{scene}/map.tif",
            view="<results>/scenes/{scene}/view.tif",
        log:
            "<logs>/geocode_scene/{scene}.log",
        benchmark:
            "<benchmarks>/geocode_scene/{scene}.tsv"
        priority: 1
        conda:
            "../../envs/sar.yaml"
        threads: 1
        resources:
            mem_mb=product_memory(lambda size: size.geocode_mb(MAP["terrain_flattening"])),
            runtime="20m",
        params:
            made_from(
                "calvingfront.sar.geocode:geocode_file",
                files={"dem": TERRAIN, "geoid": MAP["geoid"]},
            ),
            crs=MAP["crs"],
            spacing_m=map_spacing,
            vertical_datum=MAP["vertical_datum"],
            terrain_flattening=MAP["terrain_flattening"],
            area=map_area,
        script:
            "../../scripts/sar/geocode_scene.py"
