# Simulation: a laptop-sized archive without any downloads, as radar products in their missions' own formats.
#
# in:   nothing
# out:  <results>/archive/world.npz             terrain, glaciers and their fronts through time
#       <results>/archive/dem.tif, fronts.gpkg  terrain model and the fronts of the scenes
#       <results>/archive/new_fronts.gpkg       the true fronts of the new scenes, for evaluation only
#       <results>/archive/products/{scene}      one product, and product.json, which gives its name


if SOURCE.name == "simulated":
    from calvingfront.simulation.new_scenes import plan_new_scenes
    from calvingfront.simulation.plan import plan_scenes

    planned = plan_scenes(config["source"]["simulated"], config["results"])
    planned_new = plan_new_scenes(config["source"]["simulated"], planned, config["results"])
    planned_rows = pd.concat([planned, planned_new]).set_index("scene").to_dict("index")

    # What the world depends on, and not only its scenes.
    WORLD_KEYS = ("glaciers", "seed", "first_year", "last_year", "extent_m")

    rule build_world:
        """Build the terrain, the glaciers and their fronts through time."""
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
            made_from(
                "calvingfront.simulation.world.world:build_world",
                values={key: config["source"]["simulated"][key] for key in WORLD_KEYS},
            ),
            glaciers=config["source"]["simulated"]["glaciers"],
            seed=config["source"]["simulated"]["seed"],
            first_year=config["source"]["simulated"]["first_year"],
            last_year=config["source"]["simulated"]["last_year"],
            extent_m=config["source"]["simulated"]["extent_m"],
        script:
            "../../scripts/simulation/build_world.py"

    rule simulate_terrain:
        """Write the terrain model of the simulated world and the fronts of its scenes."""
        input:
            world=rules.build_world.output.world,
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
            made_from(
                "calvingfront.simulation.archive:write_dem",
                "calvingfront.simulation.archive:write_fronts",
                "calvingfront.simulation.world.world:World",
            ),
            scenes=acquisitions(SCENES),
        script:
            "../../scripts/simulation/simulate_terrain.py"

    rule simulate_new_fronts:
        """Write the true fronts of the new scenes, which only an evaluation may read."""
        input:
            world=rules.build_world.output.world,
        output:
            fronts="<results>/archive/new_fronts.gpkg",
        log:
            "<logs>/simulate_new_fronts.log",
        conda:
            "../../envs/sar.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime="10m",
        params:
            made_from(
                "calvingfront.simulation.archive:write_fronts",
                "calvingfront.simulation.world.world:World",
            ),
            scenes=acquisitions(NEW_SCENES),
        script:
            "../../scripts/simulation/simulate_new_fronts.py"

    rule simulate_product:
        """Image the world in true radar geometry and write it as a product in the mission's own format."""
        input:
            world=rules.build_world.output.world,
        # The name of the product depends on its format, so the record holds it.
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
            made_from(
                "calvingfront.simulation.archive:simulate_product",
                *every_module("calvingfront.simulation.product_writers"),
            ),
            scene="{scene}",
            glacier=scene_cell("glacier"),
            mission=scene_cell("mission"),
            acquired_utc=scene_cell("acquired_utc", planned_rows),
            orbit=scene_cell("orbit", planned_rows),
            level=scene_cell("level", planned_rows),
            quality=scene_cell("quality"),
        script:
            "../../scripts/simulation/simulate_product.py"
