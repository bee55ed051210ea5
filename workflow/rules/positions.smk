# Positions: the front of each glacier through time.
#
# in:   <results>/fronts.gpkg                the fronts of all scenes
# out:  <results>/positions/{glacier}.csv    one row for each front; _maqit.csv, _trend.csv, .png, .pdf, _summary.md
#
# A glacier is measured if `positions` in the configuration states which way is up-glacier.
import re

from snakemake.logging import logger

from calvingfront.position.settings import glaciers_to_measure

known_points = {}
if SOURCE.name == "simulated":
    from calvingfront.simulation.world.frames import upglacier_points

    known_points = upglacier_points(
        *(config["source"]["simulated"][key] for key in ("glaciers", "seed", "extent_m"))
    )
MEASURED = checked(
    glaciers_to_measure,
    config["positions"],
    # Only those that <results>/fronts.gpkg holds.
    sorted({str(source_rows[s]["glacier"]) for s in NEW_SCENES if source_rows[s]["glacier"]}),
    known_points,
)
if workflow.is_main_process:
    for remark in MEASURED.remarks:
        logger.info(remark)


rule positions:
    """The position of the front of every glacier with a stated flow direction."""
    input:
        expand("<results>/positions/{glacier}.csv", glacier=MEASURED.glaciers),
    localrule: True


rule measure_positions:
    """Measure the position of one glacier's front through time, with trend, season and plot."""
    input:
        fronts="<results>/fronts.gpkg",
    output:
        positions="<results>/positions/{glacier}.csv",
        maqit="<results>/positions/{glacier}_maqit.csv",
        trend="<results>/positions/{glacier}_trend.csv",
        png="<results>/positions/{glacier}.png",
        pdf="<results>/positions/{glacier}.pdf",
        summary="<results>/positions/{glacier}_summary.md",
    log:
        "<logs>/measure_positions/{glacier}.log",
    benchmark:
        "<benchmarks>/measure_positions/{glacier}.tsv"
    wildcard_constraints:
        glacier="|".join(map(re.escape, MEASURED.glaciers)) or "(?!)",
    conda:
        "../../envs/samples.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        made_from("calvingfront.position.glacier:measure_glacier"),
        glacier="{glacier}",
        settings=lambda wildcards: MEASURED.glaciers[wildcards.glacier],
    script:
        "../../scripts/positions/measure_positions.py"
