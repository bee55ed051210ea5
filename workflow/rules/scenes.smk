# Scenes: images with their calving fronts, from the source that the configuration names.
#
# in:   nothing (simulated), a CaFFe folder (caffe, read where it lies), a table of images (images),
#       or of products, geocoded by products.smk (products)
# out:  <results>/archive   the simulated world; its scenes as 8-bit GeoTIFF, fronts as masks (geometry map)
#       <results>/imported  a user's images, or geocoded products, and their fronts on one grid
#       <results>/scenes.tsv, scenes.md   the scene table and what the check of every file found


if SOURCE == "simulated":

    rule build_world:
        """Make the terrain, the glaciers and their fronts through time."""
        output:
            world="<results>/archive/world.npz",
        log:
            "<logs>/build_world.log",
        benchmark:
            "<benchmarks>/build_world.tsv"
        conda:
            "../../envs/samples.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime="10m",
        params:
            glaciers=config["source"]["simulated"]["glaciers"],
            seed=config["source"]["simulated"]["seed"],
            first_year=config["source"]["simulated"]["first_year"],
            last_year=config["source"]["simulated"]["last_year"],
            extent_m=config["source"]["simulated"]["extent_m"],
        script:
            "../../scripts/build_world.py"


if SOURCE == "simulated" and not PRODUCTS:

    rule simulate_scene:
        """Render the world as one mission sees it on one day."""
        input:
            world=rules.build_world.output.world,
        output:
            image="<results>/archive/scenes/{scene}.tif",
            front="<results>/archive/fronts/{scene}_front.png",
        log:
            "<logs>/simulate_scene/{scene}.log",
        group:
            "samples"
        conda:
            "../../envs/samples.yaml"
        threads: 1
        resources:
            mem_mb=1500,
            runtime="10m",
        params:
            scene="{scene}",
            glacier=scene_cell("glacier"),
            mission=scene_cell("mission"),
            acquired=scene_cell("acquired"),
            orbit=scene_cell("orbit"),
            quality=scene_cell("quality"),
        script:
            "../../scripts/simulate_scene.py"


if PRODUCTS or SOURCE == "images":

    rule import_scene:
        """Bring an image to 8 bit and its front, mask or vectors, onto the image's grid."""
        input:
            image=(rules.geocode_scene.output.map if PRODUCTS else scene_cell("image", source_rows)),
            front=scene_cell("front", source_rows),
        output:
            image=f"<results>/imported/{{scene}}/image.{'tif' if PRODUCTS else 'png'}",
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
            "../../scripts/import_scene.py"


rule check_scenes:
    """Open every image and front, and report every fault at once."""
    input:
        images=[row["image"] for row in prepared_rows.values()],
        fronts=[row["front"] for row in prepared_rows.values()],
    output:
        table="<results>/scenes.tsv",
        report=report(
            "<results>/scenes.md",
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
        "../../scripts/check_scenes.py"
