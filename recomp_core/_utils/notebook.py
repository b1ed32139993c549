"""Renders values in a notebook. Standard library only.

The `_repr_html_` of a value finds its renderer here. The renderer is imported when a notebook shows
the value, so that a value does not depend on its pages.
"""

from __future__ import annotations

from importlib import import_module

_RENDERERS = {
    "Calibration": "recomp_core.evaluation.reports.notebook:calibration_fragment",
    "Comparison": "recomp_core.evaluation.reports.notebook:comparison_fragment",
    "Compression": "recomp_core.text.html:compression_fragment",
    "Evaluation": "recomp_core.evaluation.reports.notebook:evaluation_fragment",
}


def notebook_html(value: object) -> str:
    """Render a value for a notebook cell.

    Args:
        value: An instance of a class that has a renderer, or of a subclass.

    Returns:
        A fragment of HTML.

    Raises:
        TypeError: No renderer is known for the value's class.
    """
    for kind in type(value).__mro__:
        if kind.__name__ in _RENDERERS:
            module, _, function = _RENDERERS[kind.__name__].partition(":")
            rendered: str = getattr(import_module(module), function)(value)
            return rendered
    raise TypeError(f"no notebook view is known for {type(value).__name__}")
