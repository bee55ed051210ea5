# Check: what a user looks at before anything is trained.
#
# in:   8-bit images of all scenes, their front masks where there are any
# out:  <results>/check/sheet_001.png …   every image with its front, name, day, mission and pixel size
#       <results>/check/check.md, .html   what looks wrong: pixel sizes, brightness, fronts, outliers, doubles
#       <results>/check/check.tsv         the numbers of every scene
from calvingfront.check.pages import sheets_of


rule check:
    """Contact sheets and warnings of all scenes; nothing is trained."""
    input:
        "<results>/check/check.html",
    localrule: True


rule check_archive:
    """Measure all images and fronts, draw them on contact sheets, and report what looks wrong."""
    input:
        images=[prepared_file("image", scene) for scene in [*SCENES, *NEW_SCENES]],
        fronts=[prepared_file("front", scene) for scene in SCENES],
    output:
        sheets=expand("<results>/check/{sheet}", sheet=sheets_of(len(SCENES) + len(NEW_SCENES))),
        table="<results>/check/check.tsv",
        report="<results>/check/check.md",
        page="<results>/check/check.html",
    log:
        "<logs>/check_archive.log",
    conda:
        "../../envs/samples.yaml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        made_from(
            "calvingfront.check.check_archive:check_archive",
            files={"all": lambda wildcards: own_files()},
        ),
        scenes=records(prepared),
        hemispheres=HEMISPHERES,
    script:
        "../../scripts/check/check_archive.py"
