"""Whether finished rows are what the configuration, the data and the code would make now."""

from __future__ import annotations

import logging
from pathlib import Path

from calvingfront.dataset import files
from calvingfront.errors import CalvingFrontError, Faults
from calvingfront.files import read_json
from calvingfront.pipeline.data_check import data_faults, split_fault
from calvingfront.pipeline.origins import OTHER_CODE, data_of, unfit
from calvingfront.pipeline.results import Results, steps_of
from calvingfront.pipeline.rows import prediction_step, runs_of, threshold_step
from calvingfront.pipeline.step import Config, Step
from calvingfront.pipeline.steps import STEPS
from calvingfront.provenance.content import digests_of
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.runs import Run

log = logging.getLogger(__name__)

MISSING_FILE = " is missing"  # how such a reason ends


def chain_of(run: Run, config: Config) -> list[str]:
    """The steps of one row, in order, each made from the one before."""
    steps = [prediction_step(run), threshold_step(run, config), "score_predictions"]
    return ["train_network", *steps] if run.trained else steps


def why_unfit(results: Results, name: str | Step, run: Run) -> str | None:
    """Why the outputs of a step are not what it would make now; None if they are."""
    call = results.call_of(name, run)
    return unfit(
        call.step,
        results.config,
        run,
        lambda path: results.place(path, run),
        call.parameters,
        digests_of(str(results.folder)),
    )


def stale_outputs(results: Results) -> dict[str, str]:
    """Every existing output that does not fit, with the reason, of all planned rows.

    Outputs of which one is missing are not among them: they are made anyway.
    """
    found: dict[str, str] = {}
    dataset, digests = results.folder / paths.DATASET, digests_of(str(results.folder))
    if why := split_fault(dataset, results.config["split"], digests):
        found[results.place(f"{paths.DATASET}/{files.SPLIT}")] = f"{files.SPLIT}: {why}"
    rows = [
        (run, name)
        for run in runs_of("all", results.config)
        for name in chain_of(run, results.config)
    ]
    rows += [(run, "read_attention") for run in runs_of("gated", results.config)]
    for run, name in rows:
        why = why_unfit(results, name, run)
        if why is None or why.endswith(MISSING_FILE):
            continue
        outputs = results.call_of(name, run).outputs.values()
        places = [path for each in outputs for path in ([each] if isinstance(each, str) else each)]
        found |= dict.fromkeys(places, f"{run.folder}, {name}: {why}")
    return found


def check_rows(results: Results, shown: Step | None = None) -> None:
    """Refuse to show rows that do not fit the configuration, the data or each other.

    shown: the step of a table or figure, of whose rows only the files that it reads, and what these
    were made from, are judged: others may still be in the making. None judges all rows.
    A step whose files are not here is not judged: they may have stayed on another machine. Without
    the images nothing can be made anew, as in published results: other code is then a warning.
    Raises Faults that name each run, what differs, and the command that makes it anew.
    """
    digests = digests_of(str(results.folder))
    faults = list(data_faults(results.folder / paths.DATASET, results.config, digests))
    data: dict[str, str] = {}
    first = ""
    kept = not (results.folder / paths.DATASET / files.IMAGES).exists()
    older: set[str] = set()
    for run in runs_of("all", results.config):
        chain = chain_of(run, results.config)
        if shown is not None:
            chain = _read(results, shown, run, chain)
        for name in chain:
            why = why_unfit(results, name, run)
            if kept and why == OTHER_CODE.format(name):
                older.add(name)
                continue
            if why is not None and not why.endswith(MISSING_FILE):
                faults.append(_fault(results, run, name, why))
                break  # what follows from it does not fit either
            if name == "train_network" and (why := _other_size(results, run)):
                faults.append(_fault(results, run, name, why))
                break
        else:
            if "score_predictions" not in chain:
                continue
            found = data_of(results.place(paths.SCORES_ORIGIN, run)) or {}
            odd = [path for path in found if data.get(path, found[path]) != found[path]]
            if odd:
                why = f"it was scored with another {odd[0]} than {first}"
                faults.append(_fault(results, run, "score_predictions", why))
            first, data = first or run.folder, found | data
    if older:
        log.warning(
            "%s: another version of the code did %s, and the images to do it again are not here: "
            "whether a number would differ is not known",
            results.folder, ", ".join(sorted(older)),
        )  # fmt: skip
    if faults:
        raise Faults(
            faults,
            "`calvingfront grid`, or `snakemake`, makes anew what does not fit, and nothing else; "
            "or restore the settings and files.",
        )


def _other_size(results: Results, run: Run) -> str | None:
    """Why a training is not of images as large as the configuration says; None if it is.

    The record knows, where the data set itself has stayed on another machine.
    """
    try:
        size = read_json(results.place(paths.RECORD, run))["image_size"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    wanted = results.config["samples"].get("size", size)
    if size == wanted:
        return None
    return f"samples.size was {size}, and is {wanted} in the configuration"


def _read(results: Results, shown: Step, run: Run, chain: list[str]) -> list[str]:
    """The steps of a row whose files a table or figure reads, and those before them."""
    read = {
        path
        for value in shown.inputs(results.config).values()
        for path in ([value] if isinstance(value, str) else value)
    }
    fields = run._asdict()

    def reads(name: str) -> bool:
        outputs = STEPS[name].outputs(results.config).values()
        paths = (path for each in outputs for path in ([each] if isinstance(each, str) else each))
        return any(path.format(**fields) in read for path in paths)

    last = max((number for number, name in enumerate(chain) if reads(name)), default=-1)
    found = chain[: last + 1]
    if run.trained and reads("read_attention"):
        found = [*(found or chain[:1]), "read_attention"]
    return found


def _fault(results: Results, run: Run, name: str, why: str) -> CalvingFrontError:
    command, _ = steps_of(run, results.config)[name]
    chosen = f"--model {run.model}"
    if run.trained:
        chosen += f" --loss {run.loss} --seed {run.seed}"
    path = results.call_of(name, run).outputs
    *_, last = (each if isinstance(each, str) else each[-1] for each in path.values())
    return CalvingFrontError(Path(last).parent, why, f"Run `calvingfront {command} {chosen}` again")
