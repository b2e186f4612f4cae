"""`env`: what a Worker's code finds its bindings and variables in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pydo.host.ffi import to_js
from pydo.host.js.object import JsObject
from pydo.host.namespace import DurableObjectNamespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.host.absent import AbsentNamespace
    from pydo.runtime.namespace import ActorNamespace

__all__ = ["make_env"]


def make_env(
    variables: Mapping[str, object],
    namespaces: Mapping[str, ActorNamespace | AbsentNamespace],
    bindings: Mapping[str, object] = MappingProxyType({}),
) -> JsObject:
    """Make `env`: text stays text, any other JSON value becomes the JavaScript value it is.

    `bindings` are JavaScript values as they are: what stands beside objects.
    """
    members: dict[str, object] = {
        name: to_js(value, dict_converter=JsObject.fromEntries) for name, value in variables.items()
    }
    members |= {name: DurableObjectNamespace(each) for name, each in namespaces.items()}
    members |= bindings
    return JsObject(members)
