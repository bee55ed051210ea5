# Samples: from an image and its front at their own size to the square pair given to a network.
#
# in:   an 8-bit image and, unless it is to be located, a front mask on the same grid; their pixel sizes
# out:  <results>/samples/filtered  the image after the median
#       <results>/samples/fronts    the front, thinned; dilated if samples.variant is released
#       <results>/samples/square    image, front and valid area at the size of the sample, with their map position


rule filter_speckle:
    """Filter speckle with a median over a fixed area on the ground."""
    input:
        image=prepared_cell("image"),
    output:
        image="<results>/samples/filtered/{scene}.png",
    log:
        "<logs>/filter_speckle/{scene}.log",
    group:
        "samples"
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=image_memory(1000, 5),
        runtime=image_minutes,
    params:
        made_from(
            "calvingfront.samples.median:filter_file",
            files=prepared_files("image"),
            values=cells("pixel_size_x_m", "pixel_size_y_m"),
        ),
        pixel_size_x_m=scene_cell("pixel_size_x_m"),
        pixel_size_y_m=scene_cell("pixel_size_y_m"),
        area_m2=sample_setting("median_area_m2"),
    script:
        "../../scripts/samples/filter_speckle.py"


rule dilate_front:
    """Thin the front to one pixel; the variant `released` dilates it before it is resized."""
    input:
        front=prepared_cell("front"),
    output:
        front="<results>/samples/fronts/{scene}.png",
    log:
        "<logs>/dilate_front/{scene}.log",
    group:
        "samples"
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=image_memory(1000, 10),
        runtime=image_minutes,
    params:
        made_from(
            "calvingfront.samples.fronts:dilate_file",
            files=prepared_files("front"),
            values={
                "size": config["samples"]["size"],
                **cells("pixel_size_x_m", "pixel_size_y_m"),
            },
        ),
        pixel_size_x_m=scene_cell("pixel_size_x_m"),
        pixel_size_y_m=scene_cell("pixel_size_y_m"),
        size=config["samples"]["size"],
        front_width_px=config["samples"]["front_width_px"],
        variant=config["samples"]["variant"],
    script:
        "../../scripts/samples/dilate_front.py"


rule square_image:
    """Pad image and front, if there is one, to a square and resize them; record pixel size and map position."""
    input:
        **(
            # The map position of a product is known only after geocoding.
            {"place": scene_cell("image")}
            if SOURCE.products
            else {}
        ),
        image=rules.filter_speckle.output.image,
        front=lambda wildcards: (
            f"<results>/samples/fronts/{wildcards.scene}.png" if has_front(wildcards) else []
        ),
    output:
        sample="<results>/samples/square/{scene}.npz",
    log:
        "<logs>/square_image/{scene}.log",
    group:
        "samples"
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=image_memory(1000, 10),
        runtime=image_minutes,
    params:
        made_from(
            "calvingfront.samples.square:square_file",
            values={
                "size": sample_setting("size"),
                **cells("pixel_size_x_m", "pixel_size_y_m", "upper_left_x", "upper_left_y"),
            },
        ),
        scene="{scene}",
        pixel_size_x_m=scene_cell("pixel_size_x_m"),
        pixel_size_y_m=scene_cell("pixel_size_y_m"),
        crs=scene_cell("crs"),
        upper_left_x=scene_cell("upper_left_x"),
        upper_left_y=scene_cell("upper_left_y"),
        size=sample_setting("size"),
        front_width_px=sample_setting("front_width_px"),
        variant=sample_setting("variant"),
    script:
        "../../scripts/samples/square_image.py"
