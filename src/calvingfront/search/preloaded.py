"""What every training of a search needs, loaded once in the process from which they are forked."""

import signal

# That process outlives a SIGTERM that all processes of a job get, as Slurm sends it, from its first
# moment on: the search decides what ends, and ends this process with itself.
signal.signal(signal.SIGTERM, signal.SIG_IGN)

from calvingfront.evaluation import validating as validating  # noqa: E402
from calvingfront.pipeline.steps import STEPS  # noqa: E402
from calvingfront.provenance.code import code_digest  # noqa: E402
from calvingfront.search import worker as worker  # noqa: E402
from calvingfront.search.folder import scoring_step  # noqa: E402
from calvingfront.training import run as run  # noqa: E402

for step in (STEPS["train_network"], scoring_step([1])):
    code_digest([step.code])  # reads the source of what they reach
