"""The Python that a project's packages are installed for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pydo.errors import PydoError
from pydo.loader import project_environment, reexec_command, use

if TYPE_CHECKING:
    from pydo.config import Config

__all__ = ["use_the_projects_environment"]


def use_the_projects_environment(config: Config) -> None:
    """Put the packages of the project on the path, under their own Python if need be.

    Raises:
        PydoError: that Python has no pydo.

    """
    environment = project_environment(config.root)
    if environment is None:
        return
    if environment.is_ours:
        use(environment)
        return
    command = reexec_command(environment, sys.argv[1:])
    if command is None:
        wanted = ".".join(map(str, environment.version))
        raise PydoError(
            f"{environment.path} is an environment of Python {wanted}, and pydo runs on Python"
            f" {sys.version_info[0]}.{sys.version_info[1]}: packages of one do not fit the other."
            f" Install pydo there: {environment.python} -m pip install pydo-workers"
        )
    os.execv(command[0], command)  # noqa: S606 - the project's own interpreter
