# Scenes: 8-bit images with their calving fronts, whatever the source.
#
# in:   a CaFFe folder (read in place), a table of images, or geocoded products
# out:  <results>/imported/{scene}         image and front on one grid (not for CaFFe, whose files are used as they are)
#       <results>/scenes.tsv, scenes.md, scenes.html    the scene table, and the report of the check of every file


if SOURCE.imported:

    rule import_scene:
        """Convert an image to 8 bit, and its front, a mask or vectors, to a mask on the same grid."""
        input:
            image=(
                rules.geocode_scene.output.map
                if SOURCE.products
                else scene_cell("image", source_rows)
            ),
            front=scene_cell("front", source_rows),
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
            mem_mb=2000,
            runtime="10m",
        params:
            scene="{scene}",
            glacier=scene_cell("glacier"),
            acquired=scene_cell("acquired"),
        script:
            "../../scripts/scenes/import_scene.py"


rule check_scenes:
    """Open every image and front, and report all faults at once."""
    input:
        images=[row["image"] for row in prepared_rows.values()],
        fronts=[row["front"] for row in prepared_rows.values()],
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
        mem_mb=2000,
        runtime="30m",
    params:
        results=lambda wildcards, output: str(Path(output.table).parent),
        source=config["source"],
        map=config["map"],
        split=config["split"],
    script:
        "../../scripts/scenes/check_scenes.py"
