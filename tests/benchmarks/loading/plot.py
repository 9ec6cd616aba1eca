"""A bar chart as SVG text: how long each way of loading takes."""

from xml.sax.saxutils import escape

BAR, GAP, LABEL, WIDTH, MARGIN = 14, 4, 250, 430, 10
COLOURS = {"transformerd": "#1b6ca8", "Python": "#b8b8b8"}


def groups_of(rows):
    """(title, rows) by checkpoint, cache and workers, in the order of the rows."""
    groups = {}
    for label, row in rows:
        key = (row.case.shape, row.case.cache, row.case.workers)
        groups.setdefault(key, []).append((label, row))
    for (shape, cache, workers), members in groups.items():
        yield f"{shape}, {cache} cache, {workers} workers: seconds", members


def text(x, y, content, weight="normal", anchor="start"):
    return (
        f'<text x="{x}" y="{y}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(content)}</text>"
    )


def svg(rows):
    parts, y = [], MARGIN
    for title, members in groups_of(rows):
        longest = max(row.wall_s for _, row in members)
        y += 2 * BAR
        parts.append(text(MARGIN, y, title, weight="bold"))
        y += BAR
        for label, row in members:
            width = max(1, round(WIDTH * row.wall_s / longest))
            parts.append(
                f'<rect x="{LABEL}" y="{y}" width="{width}" height="{BAR}" '
                f'fill="{COLOURS[row.case.who]}"/>'
            )
            parts.append(text(LABEL - 6, y + BAR - 3, f"{row.case.who}: {label}", anchor="end"))
            parts.append(text(LABEL + width + 6, y + BAR - 3, f"{row.wall_s:.2f}"))
            y += BAR + GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + WIDTH + 60}" '
        f'height="{y + MARGIN}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
