# Tables: the paper's Tables I and II beside our values, distances in metres, comparisons.
#
# in:   scores.tsv of every trained network and of the rows without a network
# out:  <results>/tables/NAME.csv, .md, .html (in the report) and, for tables in print, .tex
#
# calvingfront.tables.registry lists the tables; there is one rule for each.
from calvingfront.tables.registry import TABLES


rule tables:
    """Every table."""
    input:
        [path for table in TABLES.values() for path in outputs_of(table.step).values()],
    localrule: True


for table in TABLES.values():

    rule:
        name:
            table.step
        input:
            **inputs_of(table.step),
        output:
            **reported(table, "html", "Tables"),
        log:
            f"<logs>/{table.step}.log",
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime="30m",
        params:
            code_of(table.step),
            **parameters_of(table.step),
        script:
            "../../scripts/tables/make_table.py"
