"""Bar charts as SVG text."""

import collections
from xml.sax.saxutils import escape

BAR, GAP, MARGIN = 14, 4, 10

# A group has a title and bars; its longest bar is as wide as the plot allows.
Bar = collections.namedtuple("Bar", "label value text colour")


def text(x, y, content, weight="normal", anchor="start"):
    return (
        f'<text x="{x}" y="{y}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(content)}</text>"
    )


def draw_group(x, y, title, bars, label, width):
    """The parts of a group and the height below it."""
    y += 2 * BAR
    parts = [text(x + MARGIN, y, title, weight="bold")]
    y += BAR
    longest = max(bar.value for bar in bars)
    start = x + label
    for bar in bars:
        length = max(1, round(width * bar.value / longest))
        parts.append(
            f'<rect x="{start}" y="{y}" width="{length}" height="{BAR}" fill="{bar.colour}"/>'
        )
        parts.append(text(start - 6, y + BAR - 3, bar.label, anchor="end"))
        parts.append(text(start + length + 6, y + BAR - 3, bar.text))
        y += BAR + GAP
    return parts, y


def svg(groups, label, width, number, columns=1):
    """Groups (title, bars) row by row.

    Labels, bars and the texts behind these may take so many pixels.
    """
    parts, y = [], MARGIN
    column_width = label + width + number
    for first in range(0, len(groups), columns):
        bottoms = []
        for column, (title, bars) in enumerate(groups[first : first + columns]):
            drawn, bottom = draw_group(column * column_width, y, title, bars, label, width)
            parts += drawn
            bottoms.append(bottom)
        y = max(bottoms)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * column_width}" '
        f'height="{y + MARGIN}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
