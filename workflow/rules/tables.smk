# Tables: the paper's Table I and II beside our values, distances in metres, comparisons.
#
# in:   scores.tsv of every trained network and of the two rows without a network
# out:  <results>/tables/NAME.csv, .md and, where it is for print, .tex

SCORES = of_rows("<results>/evaluation/{model}/{loss}/seed{seed}/scores.tsv")


rule tables:
    """Every table."""
    input:
        expand(
            "<results>/tables/{name}.{suffix}",
            name=["table1", "table2", "distances"],
            suffix=["csv", "md", "tex"],
        ),
        expand(
            "<results>/tables/{name}.{suffix}",
            name=["breakdown", "comparisons"],
            suffix=["csv", "md"],
        ),


rule tabulate_scores:
    """Table I: overlap scores of every network, loss and row without a network."""
    input:
        scores=SCORES,
    output:
        csv=report(
            "<results>/tables/table1.csv",
            caption="../report/table1.rst",
            category="Tables",
            labels={"item": "Table I"},
        ),
        md="<results>/tables/table1.md",
        tex="<results>/tables/table1.tex",
    log:
        "<logs>/tabulate_scores.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="30m",
    params:
        split_method=config["split"]["method"],
        size_px=config["samples"]["size"],
        bootstrap_samples=config["evaluation"]["bootstrap_samples"],
    script:
        "../../scripts/tabulate_scores.py"


rule tabulate_thickness:
    """Table II: thickness of the predicted fronts and the certainty that follows from it."""
    input:
        scores=SCORES,
        index=rules.pack_samples.output.index,
    output:
        csv=report(
            "<results>/tables/table2.csv",
            caption="../report/table2.rst",
            category="Tables",
            labels={"item": "Table II"},
        ),
        md="<results>/tables/table2.md",
        tex="<results>/tables/table2.tex",
    log:
        "<logs>/tabulate_thickness.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="30m",
    params:
        split_method=config["split"]["method"],
        size_px=config["samples"]["size"],
        front_width_px=config["samples"]["front_width_px"],
    script:
        "../../scripts/tabulate_thickness.py"


rule tabulate_distances:
    """Distances between predicted and true fronts in metres, whole and by glacier, sensor, resolution and season."""
    input:
        scores=SCORES,
    output:
        csv=report(
            "<results>/tables/distances.csv",
            caption="../report/distances.rst",
            category="Tables",
            labels={"item": "Distances"},
        ),
        breakdown_csv=report(
            "<results>/tables/breakdown.csv",
            caption="../report/breakdown.rst",
            category="Tables",
            labels={"item": "Breakdown"},
        ),
        md="<results>/tables/distances.md",
        tex="<results>/tables/distances.tex",
        breakdown_md="<results>/tables/breakdown.md",
    log:
        "<logs>/tabulate_distances.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="30m",
    params:
        split_method=config["split"]["method"],
        size_px=config["samples"]["size"],
    script:
        "../../scripts/tabulate_distances.py"


rule compare_models:
    """Paired comparisons of the networks over the same test scenes."""
    input:
        scores=SCORES,
    output:
        csv=report(
            "<results>/tables/comparisons.csv",
            caption="../report/comparisons.rst",
            category="Tables",
            labels={"item": "Comparisons"},
        ),
        md="<results>/tables/comparisons.md",
    log:
        "<logs>/compare_models.log",
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime="30m",
    params:
        split_method=config["split"]["method"],
        size_px=config["samples"]["size"],
    script:
        "../../scripts/compare_models.py"
