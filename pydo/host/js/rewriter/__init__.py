"""`HTMLRewriter`: HTML that is changed while it passes, by handlers of the user's."""

from pydo.host.js.rewriter.htmlrewriter import HTMLRewriter

__all__ = ["HTMLRewriter"]
