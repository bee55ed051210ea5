# Scenes: 8-bit images with their calving fronts, whatever the source.
#
# in:   a CaFFe folder (read in place), a table of images, or geocoded products
# out:  <results>/imported/{scene}         image and front on one grid (not for CaFFe, whose files are used as they are)
#       <results>/new_images/{scene}       image of a scene without a front
#       <results>/scenes.tsv, scenes.md, scenes.html    the table of the scenes with a front, and the report of the check of every file


if SOURCE.imported:
    # Geocoded products are linear; of one's own images the table or the configuration may say it.
    pixel_params = {
        "values": "linear" if SOURCE.products else scene_cell("values", source_rows),
        "band": None if SOURCE.products else scene_cell("band", source_rows),
        "grey": sample_setting("grey_levels"),  # of a new scene, those of the model
    }
    # Radar shadow in an image on the map is no data.
    seen = {"view": rules.geocode_scene.output.view} if SOURCE.products else {}

    rule import_scene:
        """Convert an image to 8 bit, and its front, a mask or vectors, to a mask on the same grid."""
        input:
            **seen,
            image=(
                rules.geocode_scene.output.map
                if SOURCE.products
                else given_cell("image", source_rows)
            ),
            front=lambda wildcards: given(front_file(wildcards)[0]),
        output:
            image=f"<results>/imported/{{scene}}/image.{'tif' if SOURCE.products else 'png'}",
            front="<results>/imported/{scene}/front.png",
        log:
            "<logs>/import_scene/{scene}.log",
        group:
            "samples"
        conda:
            "../../envs/samples.yaml"
        threads: 1
        resources:
            mem_mb=image_memory(2000, 12),  # 7 bytes a pixel of float32, 11 of float64
            runtime=image_minutes,
        params:
            made_from(
                "calvingfront.scenes.importing:import_scene",
                files={
                    **({} if SOURCE.products else {"image": scene_cell("image", source_rows)}),
                    "front": lambda wildcards: front_file(wildcards)[0],
                },
            ),
            **pixel_params,
            scene="{scene}",
            glacier=scene_cell("glacier"),
            acquired=scene_cell("acquired"),
            layer=lambda wildcards: front_file(wildcards)[1],
        script:
            "../../scripts/scenes/import_scene.py"

    rule import_new_scene:
        """Check the image of a scene without a front and convert it to 8 bit."""
        input:
            **seen,
            image=(
                rules.geocode_scene.output.map
                if SOURCE.products
                else given_cell("image", source_rows)
            ),
        output:
            image=f"<results>/new_images/{{scene}}.{'tif' if SOURCE.products else 'png'}",
        log:
            "<logs>/import_new_scene/{scene}.log",
        group:
            "samples"
        conda:
            "../../envs/samples.yaml"
        threads: 1
        resources:
            mem_mb=image_memory(2000, 12),  # 7 bytes a pixel of float32, 11 of float64
            runtime=image_minutes,
        params:
            made_from(
                "calvingfront.scenes.importing:import_new_scene",
                files={} if SOURCE.products else {"image": scene_cell("image", source_rows)},
            ),
            **pixel_params,
            pixel_size_m=scene_cell("pixel_size_x_m"),
        script:
            "../../scripts/scenes/import_new_scene.py"


rule check_scenes:
    """Open the image and front of every scene with a front, and report all faults at once."""
    input:
        images=[prepared_file("image", scene) for scene in SCENES],
        fronts=[prepared_file("front", scene) for scene in SCENES],
    output:
        table="<results>/scenes.tsv",
    log:
        "<logs>/check_scenes.log",
    benchmark:
        "<benchmarks>/check_scenes.tsv"
    priority: 100
    conda:
        "../../envs/samples.yaml"
    threads: 2
    resources:
        mem_mb=lambda _: max(2000, 300 + int(2 * 5 * max(map(megapixels, SCENES), default=0))),
        runtime="30m",
    params:
        made_from(
            "calvingfront.scenes.check:check_scenes",
            files={"all": lambda wildcards: own_files()},
        ),
        scenes=records(with_front(prepared)),
    script:
        "../../scripts/scenes/check_scenes.py"


rule report_scenes:
    """Report on the checked scenes, and on those that are excluded."""
    input:
        table=rules.check_scenes.output.table,
        maps=expand("<results>/scenes/{scene}/map.tif", scene=SCENES) if SOURCE.products else [],
    output:
        report="<results>/scenes.md",
        page=report(
            "<results>/scenes.html",
            caption="../report/scenes.rst",
            category="Data",
            labels={"item": "Scenes"},
        ),
    log:
        "<logs>/report_scenes.log",
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        made_from("calvingfront.scenes.checks.report:report_scenes"),
        # Here only, so that other words for a reason make no scene anew.
        notes=source_scenes.attrs.get("notes", []),
        excluded=TRAINING["source"]["exclude"],
    script:
        "../../scripts/scenes/report_scenes.py"
