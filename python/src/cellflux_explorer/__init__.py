"""The CellFlux explorer as a Jupyter widget. Frames after the first are generated, not measured."""

from __future__ import annotations

import pathlib
from typing import Any

import anywidget
import traitlets

__all__ = ["Explorer"]
__version__ = "0.1.0"


class Explorer(anywidget.AnyWidget):
    """An explorer of one bundle, whose recipe and frames are traits.

    Parameters are the traits below, by name; `src` is needed.
    """

    _esm = (pathlib.Path(__file__).parent / "widget.js").read_text(encoding="utf-8")

    #: Address of a bundle's manifest.json, or the bundle's folder as JupyterLab's file browser shows it.
    src = traitlets.Unicode().tag(sync=True)
    #: What is shown first: a link's hash. Later the recipe in view as one, without `#`.
    link = traitlets.Unicode("").tag(sync=True)
    #: The recipe in view; `{}` until the bundle is open. What is set changes that part and nothing else.
    recipe = traitlets.Dict().tag(sync=True)
    #: Parts to leave out: upload, model, measured, measures, compare, settings, keep, about.
    hide = traitlets.List(traitlets.Unicode()).tag(sync=True)
    #: The frames reached: `step`, `time` (0 to 1), `change` (root mean square of the difference, in model
    #: range), `width` and `height` in pixels, `data` (RGBA, rows from the top down).
    frames = traitlets.List(traitlets.Dict()).tag(sync=True)
    #: The last word of how far the model has come, as transformers.js has it: `status`, `file`, `loaded`, ...
    progress = traitlets.Dict().tag(sync=True)
    #: What went wrong, as a sentence; empty where nothing did.
    error = traitlets.Unicode("").tag(sync=True)

    def __init__(self, src: str, **traits: Any) -> None:
        super().__init__(src=str(src), **traits)

    @traitlets.validate("src")
    def _named(self, proposal: Any) -> str:
        if not proposal["value"].strip():
            raise traitlets.TraitError("src is empty: expected the address or the folder of a bundle")
        return proposal["value"]

    def image(self, step: int) -> Any:
        """A frame as a NumPy array [height, width, 4] of 8 bits: red, green, blue, alpha.

        Raises IndexError for a step that has not been reached.
        """
        import numpy

        frame = self.frames[step]
        pixels = numpy.frombuffer(bytes(frame["data"]), dtype=numpy.uint8)
        return pixels.reshape(frame["height"], frame["width"], 4)
