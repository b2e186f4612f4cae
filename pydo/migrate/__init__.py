"""Migrations of classes: what `pydo migrate` would do, does, has done and can take back.

    action     what is done, as values: actions, steps, plans
    classes    the classes as they would be, action after action
    plan       a pure function: configuration, ledger and inventory give a plan
    reconcile  the same for an `exports` map
    version    whether code and bindings fit the classes
    undo       a plan that takes the last step back
    ledger     what has been applied, kept beside the objects
    apply      a plan, carried out: the only module with effects, by the two below
    journal    one step of file operations that a crash leaves done or undone
    backup     copies of classes, made before they go
    drift      where the state and the configuration have parted
    served     which migrations `pydo dev` makes by itself
    report     all that, as text and as JSON

Production's rules: cloudflare/workers-sdk `packages/deploy-helpers`, and the API's error codes.
"""

from __future__ import annotations

from pydo.migrate.action import Action, Kind, Plan, Refusal, Step
from pydo.migrate.apply import Migrator
from pydo.migrate.drift import Drift, find_drift
from pydo.migrate.plan import Goal, plan

__all__ = [
    "Action",
    "Drift",
    "Goal",
    "Kind",
    "Migrator",
    "Plan",
    "Refusal",
    "Step",
    "find_drift",
    "plan",
]
