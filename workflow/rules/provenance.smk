# Provenance: what a job is made from besides its settings, so that its result is never stale.
#
# Each job has `made_from` as its first parameter: digests of the code that it runs and of the user's files that it reads,
# by content. Dates of the user's files do not count: a touched file, or one that was copied elsewhere, changes
# nothing, and one with other content and an older date is seen.
from pathlib import Path

from snakemake.dag import DAG
from snakemake.logging import logger

from calvingfront.pipeline.judging import stale_outputs
from calvingfront.pipeline.results import Results
from calvingfront.provenance.code import code_digest, every_module
from calvingfront.provenance.content import digests_of

DIGESTS = digests_of(config["results"])
# The simulated archive is made by the workflow, so its files are inputs like all others. Without any record of
# Snakemake's (results from another machine), dates are all there is.
RECORDED = any(Path(".snakemake", "metadata").glob("*"))
BY_CONTENT = SOURCE.name != "simulated" and RECORDED


def given(path):
    """A file of the user as an input: its content counts, not its date."""
    if path is None:
        return []
    return ancient(path) if BY_CONTENT else path


def given_cell(column, rows=prepared_rows):
    """Return an input function that looks up a file of the user in the scene table."""
    look_up = scene_cell(column, rows)
    return lambda wildcards: given(look_up(wildcards))


def prepared_cell(column):
    """Return an input function for a prepared image or front: the user's own if it is read as it is."""
    return scene_cell(column) if SOURCE.imported else given_cell(column)


def prepared_file(column, scene):
    """The prepared image or front of one scene, as an input."""
    path = prepared_rows[scene][column]
    return path if SOURCE.imported else given(path)


def own_files():
    """The images and fronts of all scenes with a front that are the user's own."""
    columns = () if SOURCE.imported else ("image", "front")
    return [prepared_rows[scene][column] for scene in SCENES for column in columns]


def prepared_files(*columns):
    """Those that are the user's own, for `made_from`."""
    return {} if SOURCE.imported else {column: scene_cell(column) for column in columns}


def content_of(path, name=""):
    """Digest of a file or folder of the user; of several files, one digest. None for files that the workflow makes.

    name: "product" for a radar product, which is its whole folder.
    """
    if SOURCE.name == "simulated":
        return None
    if isinstance(path, list):
        return DIGESTS.of_all(path)
    return DIGESTS.of_product(path) if name == "product" else DIGESTS.of(path)


def made_from(*code, files=None, values=None):
    """Return a params function: what a job is made from.

    code: the functions that it runs, as "module:function". files: what it reads of the user's files: name → path or
    function. values: settings that Snakemake could confuse, as it compares values without their names: name → value or
    function.
    """

    def look_up(wildcards):
        found = {"code": code_digest(code)}
        for name, path in (files or {}).items():
            found[name] = content_of(path(wildcards) if callable(path) else path, name)
        for name, value in (values or {}).items():
            found[name] = value(wildcards) if callable(value) else value
        return found

    return look_up


def cells(*columns, rows=prepared_rows):
    """Cells of the scene table by name, for `made_from`."""
    return {column: scene_cell(column, rows) for column in columns}


def code_of(step):
    """Return a params function: the code and settings of a step of the learning half, for its row.

    Snakemake compares the values of params without their names; here they have them.
    """

    def look_up(wildcards):
        row = dict(wildcards)
        run = Run(row["model"], row["loss"], int(row["seed"])) if row else None
        return {"code": code_digest(STEPS[step].roots(config, run))} | STEPS[step].parameters(
            config
        )

    return look_up


def force(stale):
    """Make Snakemake plan the jobs of these outputs if they are asked for, whatever its own records say."""

    def begin(dag, workflow, *arguments, begin=DAG.__init__, **options):
        begin(dag, workflow, *arguments, **options)
        dag.forcefiles.update(getattr(workflow, "stale_outputs", ()))

    workflow.stale_outputs = set(stale)
    if DAG.__init__.__name__ != begin.__name__:
        DAG.__init__ = begin


# The records of the learning half are compared with the configuration here, because Snakemake has none of its own of
# results that were made elsewhere, and does not know which settings would have changed a finished training.
if workflow.is_main_process:
    STALE = stale_outputs(Results(Path(config["results"]), config))
    force(STALE)
    for reason in sorted(set(STALE.values())):
        logger.info(f"Made anew: {reason}")
