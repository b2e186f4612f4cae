"""From the file of `main` to fresh modules, again and again within one process.

A `Loader` alone touches `sys.modules`.  Each `load` reads the project's modules into a new
`Generation`; the one before it lives on for as long as work in flight holds it.  What is loaded
is left to others: this package knows nothing of Workers, their classes or their configuration.
"""

from pydo.loader.generation import Generation
from pydo.loader.interpreter import Environment, project_environment, reexec_command, use
from pydo.loader.loader import Loader
from pydo.loader.source import digest
from pydo.loader.traceback import format_user_error, user_traceback

__all__ = [
    "Environment",
    "Generation",
    "Loader",
    "digest",
    "format_user_error",
    "project_environment",
    "reexec_command",
    "use",
    "user_traceback",
]
