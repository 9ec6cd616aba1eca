"""Line charts as SVG text."""

from xml.sax.saxutils import escape

WIDTH, HEIGHT, GAP = 640, 150, 58
LEFT, RIGHT, TOP = 62, 215, 30
COLOURS = ["#1b6ca8", "#c8553d", "#588157", "#8d6a9f", "#b08900", "#444444"]
TICKS = 4


def nice(largest):
    """The end of an axis that reaches `largest`, with round numbers at its ticks."""
    power = 1.0
    while power * 10 <= largest:
        power *= 10
    while power > largest:
        power /= 10
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 6.4, 8, 10) if step * power >= largest)


def text(x, y, content, anchor="start", weight="normal"):
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(content)}</text>"
    )


def panel(top, title, x_label, series):
    """series: name -> [(x, y), ...]; all of one panel share its axes from zero."""
    x_end = nice(max(x for points in series.values() for x, _ in points))
    y_end = nice(max(y for points in series.values() for _, y in points))

    def at(x, y):
        return LEFT + WIDTH * x / x_end, top + HEIGHT * (1 - y / y_end)

    parts = [text(LEFT, top - 8, title, weight="bold")]
    for tick in range(TICKS + 1):
        _, y = at(0, y_end * tick / TICKS)
        parts.append(f'<path d="M{LEFT} {y:.1f}h{WIDTH}" stroke="#ddd"/>')
        parts.append(text(LEFT - 6, y + 4, f"{y_end * tick / TICKS:g}", anchor="end"))
        x, _ = at(x_end * tick / TICKS, 0)
        parts.append(text(x, top + HEIGHT + 16, f"{x_end * tick / TICKS:g}", anchor="middle"))
    parts.append(text(LEFT + WIDTH / 2, top + HEIGHT + 32, x_label, anchor="middle"))
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join("%.1f,%.1f" % at(x, y) for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        y = top + 12 + 16 * number
        parts.append(f'<rect x="{LEFT + WIDTH + 12}" y="{y - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(text(LEFT + WIDTH + 27, y, name))
    return parts


def svg(panels):
    """panels: (title, label of the x axis, series), below each other."""
    parts, top = [], TOP
    for title, x_label, series in panels:
        parts += panel(top, title, x_label, series)
        top += HEIGHT + GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + RIGHT}" height="{top}" '
        'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(parts) + "\n</svg>\n"
    )
