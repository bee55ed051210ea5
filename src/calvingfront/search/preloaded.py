"""What every training of a search needs, loaded once in the process from which they are forked."""

from calvingfront.evaluation import validating as validating
from calvingfront.pipeline.steps import STEPS
from calvingfront.provenance.code import code_digest
from calvingfront.search.folder import scoring_step
from calvingfront.training import run as run

for step in (STEPS["train_network"], scoring_step([1])):
    code_digest([step.code])  # reads the source of what they reach
