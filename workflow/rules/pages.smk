# Pages: the located fronts on one page for a browser.
#
# in:   <results>/fronts.gpkg, and image and sample of each scene without a front of its own
# out:  <results>/fronts.html   map, dates, bands, table and downloads in one file
import calvingfront

ASSETS = Path(calvingfront.__file__).parent / "pages" / "assets"


rule draw_page:
    """Draw the located fronts over the latest good image of each glacier, on one page."""
    input:
        fronts="<results>/fronts.gpkg",
        images=[prepared_file("image", scene) for scene in NEW_SCENES],
        samples=expand("<results>/samples/square/{scene}.npz", scene=NEW_SCENES),
        positions=expand("<results>/positions/{glacier}.csv", glacier=MEASURED.glaciers),
    output:
        page="<results>/fronts.html",
    log:
        "<logs>/draw_page.log",
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        made_from(
            "calvingfront.pages.draw:draw_page",
            files=(
                {}
                if SOURCE.imported
                else {"images": [prepared_rows[scene]["image"] for scene in NEW_SCENES]}
            ),
            values={"assets": lambda wildcards: DIGESTS.of(ASSETS)},
        ),
    script:
        "../../scripts/pages/draw_page.py"
