"""Migrations of classes: what `pydo migrate` would do, does, has done and can take back.

    plan       a pure function: configuration, ledger and inventory give the steps
    ledger     what has been applied, kept beside the objects
    journal    one step of file operations that a crash leaves done or undone
    backup     copies of classes, made before they go
    apply      a plan, carried out
    undo       the last step, taken back
    drift      where the state and the configuration have parted
    report     all that, as text and as JSON

Production's rules: cloudflare/workers-sdk `packages/deploy-helpers`, and the API's error codes.
"""

from __future__ import annotations

from pydo.migrate.apply import Migrator
from pydo.migrate.drift import Drift, find_drift
from pydo.migrate.plan import Action, Kind, Plan, Refusal, Step, plan

__all__ = [
    "Action",
    "Drift",
    "Kind",
    "Migrator",
    "Plan",
    "Refusal",
    "Step",
    "find_drift",
    "plan",
]
