"""Which of Dagster's executors runs the steps of a job that Dagster starts: one process, or what the environment names.

CAREGAP_EXECUTOR          module and name of an executor: `dagster:multiprocess_executor`, `dagster_k8s:k8s_job_executor`,
                          `dagster_celery:celery_executor`; its package is installed beside Caregap
CAREGAP_EXECUTOR_CONFIG   its settings in JSON, as Dagster documents them: `{"max_concurrent": 1}`

Each step writes to the home under its lock. Where steps have processes of their own, a step waits for it; so more than one at a
time gains nothing.
"""

import json
import os
from importlib import import_module

import dagster as dg

from pipelines.errors import UsageError

NAME, CONFIG = "CAREGAP_EXECUTOR", "CAREGAP_EXECUTOR_CONFIG"


def executor() -> dg.ExecutorDefinition:
    """The executor. Raises `UsageError` where there is none of this name, or it does not take its settings."""
    named = os.environ.get(NAME, "")
    if not named:
        return dg.in_process_executor  # five assets took 49 s with a process per step, 1 s with this
    module, _, name = named.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{NAME}: {named} is not there ({type(error).__name__}). Write module:name, as dagster:multiprocess_executor, and "
            "install its package."
        ) from None
    if not isinstance(found, dg.ExecutorDefinition):
        raise UsageError(f"{NAME}: {named} is no executor of Dagster's. Write module:name, as dagster:multiprocess_executor.")
    try:
        config = json.loads(os.environ.get(CONFIG) or "{}")
        return found.configured(config, name=found.name) if config else found
    except (ValueError, dg.DagsterInvalidConfigError, dg.DagsterInvalidDefinitionError) as error:
        raise UsageError(f"{CONFIG}: {named} does not take it ({type(error).__name__}). Write its settings as JSON.") from None


def has_steps_elsewhere() -> bool:
    """Whether each step runs in a process of its own."""
    return bool(os.environ.get(NAME))
