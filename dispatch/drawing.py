"""Plots of reports: SVG elements for their pages, with words in both languages."""

import warnings
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FONTS = ["Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei", "DejaVu Sans"]


def svg_of(figure: "Figure") -> str:
    """``figure`` as an SVG element, the same for the same figure; names in it are escaped.

    Its text stays text in the reader's fonts: a machine that has no Chinese ones only measures it a little short.
    """
    import matplotlib as mpl  # half a second to read: not while the hub starts

    drawn = StringIO()
    with (
        mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "lifeline", "font.sans-serif": _FONTS}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]
