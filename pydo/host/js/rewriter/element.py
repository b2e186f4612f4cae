"""`Element`: a start tag, and what a handler wants of the element that it begins.

Source: src/workerd/api/html-rewriter.c++, cloudflare/lol-html src/rewritable_units/element.rs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Self

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsTypeError
from pydo.host.js.iterator import JsIterator
from pydo.host.js.rewriter.content import Content, Mutations, piece, written
from pydo.host.js.rewriter.markup import Attribute
from pydo.host.js.rewriter.selector import parser_error
from pydo.host.js.text import js_string
from pydo.host.js.value import jsnull
from pydo.host.portability.bridge import borrowed

if TYPE_CHECKING:
    from pydo.host.js.rewriter.markup import StartTag

__all__ = ["AtEnd", "Element"]

_NOT_IN_TAG = re.compile(r"[\t\n\f\r >/]")
_NOT_IN_ATTRIBUTE: Final = re.compile(r"[\t\n\f\r >/=]")


class Element(Content):
    """An element, at its start tag."""

    __slots__ = ("_attributes", "_is_changed", "_name", "_tag", "at_end", "content", "namespace")

    def __init__(self, tag: StartTag, namespace: str, *, has_end: bool, is_removed: bool) -> None:
        super().__init__(Mutations(is_removed=is_removed))
        self._tag = tag
        self._name, self._attributes, self._is_changed = tag.written, list(tag.attributes), False
        self.namespace = namespace
        self.content = _Inside()
        self.at_end: AtEnd | None = AtEnd() if has_end else None

    # -- looked at

    @property
    def tagName(self) -> str:
        """The name, in small letters."""
        self._check()
        return self._name.lower()

    @tagName.setter
    def tagName(self, value: Any) -> None:
        self._check()
        name = js_string(value)
        if not name:
            raise parser_error("Tag name can't be empty.")
        if not (name[0].isascii() and name[0].isalpha()):
            raise parser_error(
                "The first character of the tag name should be an ASCII alphabetical character."
            )
        _refuse(_NOT_IN_TAG, name, "tag")
        self._name, self._is_changed = name, True
        if self.at_end is not None:
            self.at_end.name = name

    @property
    def attributes(self) -> JsIterator:
        """The attributes, as pairs of name and value."""
        self._check()
        pairs = [JsArray([each.name, each.value]) for each in self._attributes]
        return JsIterator(pairs, "Attributes Iterator")

    @property
    def namespaceURI(self) -> str:
        """The address of the kind of markup that it is."""
        self._check()
        return self.namespace

    def getAttribute(self, name: Any = None, *_: object) -> Any:
        """Give the value of an attribute as it is written, or null."""
        found = self._find(name)
        return jsnull if found is None else found.value

    def hasAttribute(self, name: Any = None, *_: object) -> bool:
        """Tell whether there is an attribute."""
        return self._find(name) is not None

    # -- changed

    def setAttribute(self, name: Any = None, value: Any = None, *_: object) -> Self:
        """Set an attribute."""
        found = self._find(name)
        text = js_string(name)
        if not text:
            raise parser_error("Attribute name can't be empty.")
        _refuse(_NOT_IN_ATTRIBUTE, text, "attribute")
        given = js_string(value)
        written_name = text.lower() if found is None else found.raw[: len(text)]
        raw = '{}="{}"'.format(written_name, given.replace('"', "&quot;"))
        attribute = Attribute(text.lower(), given, raw)
        if found is None:
            self._attributes.append(attribute)
        else:
            self._attributes[self._attributes.index(found)] = attribute
        self._is_changed = True
        return self

    def removeAttribute(self, name: Any = None, *_: object) -> Self:
        """Take an attribute away."""
        found = self._find(name)
        if found is not None:
            self._attributes.remove(found)
            self._is_changed = True
        return self

    def after(self, *given: Any, **named: Any) -> Self:
        """Put something right behind its end."""
        if self.at_end is None:
            return super().after(*given, **named)
        self._check()
        self.at_end.mutations.after.insert(0, piece(given, named))
        return self

    def prepend(self, *given: Any, **named: Any) -> Self:
        """Put something right behind the start tag, where there is an end."""
        self._check()
        if self.at_end is not None:
            self.content.first.insert(0, piece(given, named))
        return self

    def append(self, *given: Any, **named: Any) -> Self:
        """Put something before the end tag, where there is one."""
        self._check()
        if self.at_end is not None:
            self.at_end.mutations.before.append(piece(given, named))
        return self

    def setInnerContent(self, *given: Any, **named: Any) -> Self:
        """Put something in the place of what is within."""
        self._check()
        if self.at_end is not None:
            self._empty()
            self.content.first.append(piece(given, named))
        return self

    def replace(self, *given: Any, **named: Any) -> Self:
        """Put something in the place of the element and of all within."""
        super().replace(*given, **named)
        return self._remove_rest()

    def remove(self, *_: object) -> Self:
        """Take the element away, and all within."""
        super().remove()
        return self._remove_rest()

    def removeAndKeepContent(self, *_: object) -> Self:
        """Take the tags away."""
        super().remove()
        if self.at_end is not None:
            self.at_end.mutations.is_removed = True
        return self

    def onEndTag(self, handler: Any = None, *_: object) -> None:
        """Call a function at the end tag; of several the last.

        Raises:
            JsException: a `TypeError` for what is no function, or an element without an end.

        """
        self._check()
        if not callable(handler):
            raise JsTypeError(
                "Failed to execute 'onEndTag' on 'Element': parameter 1 is not of type 'function'."
            )
        if self.at_end is None:
            raise parser_error("No end tag.")
        borrowed(handler, "onEndTag")
        self.at_end.handler = handler

    # -- for the rewriter

    async def applied(self) -> str:
        """Give what stands in the place of the start tag."""
        tag = await self._mutations.applied(self._written() if self._is_changed else self._tag.raw)
        return tag + await written(self.content.first)

    def _written(self) -> str:
        parts = [self._name, *(_bare(each) for each in self._attributes)]
        return f"<{' '.join(parts)}{' /' * self._tag.is_self_closing}>"

    def _find(self, name: Any) -> Attribute | None:
        self._check()
        wanted = js_string(name).lower()
        return next((each for each in self._attributes if each.name == wanted), None)

    def _empty(self) -> None:
        assert self.at_end is not None, "it has content"
        self.content.first.clear()
        self.at_end.mutations.before.clear()
        self.content.is_removed = True

    def _remove_rest(self) -> Self:
        if self.at_end is not None:
            self._empty()
            self.at_end.mutations.is_removed = True
        return self


class AtEnd:
    """What happens at the end tag of an element."""

    __slots__ = ("handler", "mutations", "name")

    def __init__(self) -> None:
        self.mutations = Mutations()
        self.handler: Any = None
        self.name: str | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether a handler of the element has said what happens there."""
        return self.mutations != Mutations()


class _Inside:
    """What happens within an element: what stands first, and whether the rest is left out."""

    __slots__ = ("first", "is_removed")

    def __init__(self) -> None:
        self.first: list[Any] = []
        self.is_removed = False


def _bare(attribute: Attribute) -> str:
    """Give an attribute as it was written, but for a sign that no value follows."""
    raw = attribute.raw
    return raw[:-1].rstrip() if raw.endswith("=") and raw != attribute.name else raw


def _refuse(pattern: re.Pattern[str], name: str, kind: str) -> None:
    found = pattern.search(name)
    if found is not None:
        raise parser_error(f"`{found[0]}` character is forbidden in the {kind} name")
