# Scenes: 8-bit images with their calving fronts, whatever the source.
#
# in:   a CaFFe folder (read in place), a table of images, or geocoded products
# out:  <results>/imported/{scene}         image and front on one grid (not for CaFFe, whose files are used as they are)
#       <results>/new_images/{scene}       image of a scene without a front
#       <results>/scenes.tsv, scenes.md, scenes.html    the table of the scenes with a front, and the report of the check of every file


from calvingfront.scenes.fronts.layers import split_layer


def front_file(wildcards):
    """The file of a scene's front, and its layer if the table names one."""
    return split_layer(source_rows[wildcards.scene]["front"])


def megapixels(scene):
    """Size of the image of a scene, millions of pixels; 0 if the table does not know it, as of a product."""
    height, width = (source_rows[scene][key] for key in ("height_px", "width_px"))
    return 0 if pd.isna(height) or pd.isna(width) else height * width / 1e6


def image_memory(least, bytes_per_pixel):
    """Return a resource function: the memory of a job on one whole image, MB; of a small one `least`."""

    def look_up(wildcards):
        return max(least, 300 + int(bytes_per_pixel * megapixels(wildcards.scene)))

    return look_up


def image_minutes(wildcards):
    """Time of a job on one whole image: at least ten minutes."""
    return 10 + int(megapixels(wildcards.scene) / 20)


if SOURCE.imported:
    # Geocoded products are linear; of one's own images the table or the configuration may say it.
    pixel_params = {
        "values": "linear" if SOURCE.products else scene_cell("values", source_rows),
        "band": None if SOURCE.products else scene_cell("band", source_rows),
    }

    rule import_scene:
        """Convert an image to 8 bit, and its front, a mask or vectors, to a mask on the same grid."""
        input:
            image=(
                rules.geocode_scene.output.map
                if SOURCE.products
                else scene_cell("image", source_rows)
            ),
            front=lambda wildcards: front_file(wildcards)[0],
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
            image=(
                rules.geocode_scene.output.map
                if SOURCE.products
                else scene_cell("image", source_rows)
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
            **pixel_params,
            pixel_size_m=scene_cell("pixel_size_x_m"),
        script:
            "../../scripts/scenes/import_new_scene.py"


rule check_scenes:
    """Open the image and front of every scene with a front, and report all faults at once."""
    input:
        images=[prepared_rows[scene]["image"] for scene in SCENES],
        fronts=[prepared_rows[scene]["front"] for scene in SCENES],
    output:
        table="<results>/scenes.tsv",
        report="<results>/scenes.md",
        page=report(
            "<results>/scenes.html",
            caption="../report/scenes.rst",
            category="Data",
            labels={"item": "Scenes"},
        ),
    log:
        "<logs>/check_scenes.log",
    benchmark:
        "<benchmarks>/check_scenes.tsv"
    priority: 100
    conda:
        "../../envs/samples.yaml"
    threads: 2
    resources:
        mem_mb=max(2000, 300 + int(2 * 5 * max(map(megapixels, SCENES), default=0))),
        runtime="30m",
    params:
        scenes=records(with_front(prepared)),
        notes=source_scenes.attrs.get("notes", []),
        excluded=TRAINING["source"]["exclude"],
    script:
        "../../scripts/scenes/check_scenes.py"
