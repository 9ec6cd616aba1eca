"""The comparisons that the design stands on, as ratios of one run's medians."""

SHARED = ("shared", "memory_efficient")
PRIVATE = ("private", "memory_efficient")
ALONE = ("private", "free_for_all")


def comparisons(workers):
    """Yields (what, measure, one side, the other); a side is (cache, workers, how)."""
    for n in workers:
        if n > 1 and 1 in workers:
            for how in (SHARED, PRIVATE):
                yield "wall against one worker", "wall_s", ("cold", n, how), ("cold", 1, SHARED)
        if n > 1:
            yield "wall against free_for_all", "wall_s", ("cold", n, PRIVATE), ("cold", n, ALONE)
        yield "wall against Python's mmap", "wall_s", ("warm", n, SHARED), ("warm", n, "mmap")
        yield (
            "CPU against Python's broadcast",
            "cpu_s",
            ("warm", n, SHARED),
            ("warm", n, "broadcast"),
        )


def print_table(rows, out):
    """One line for each comparison of which both sides were measured."""
    measured = {
        (row.case.shape, row.case.cache, row.case.workers, row.case.how): row for row in rows
    }
    shapes = list(dict.fromkeys(row.case.shape for row in rows))
    workers = sorted({row.case.workers for row in rows})
    lines = []
    for shape in shapes:
        for what, measure, one, other in comparisons(workers):
            sides = [measured.get((shape, *side)) for side in (one, other)]
            if None in sides:
                continue
            a, b = (getattr(side, measure) for side in sides)
            cache, n, how = one
            lines.append(
                f"| {shape} | {cache} | {n} | {how[0]} | {what} "
                f"| {a:.2f} / {b:.2f} | {a / b:.2f} |"
            )
    if not lines:
        return
    print("\n| checkpoint | cache | workers | replicas | what | s | ratio |", file=out)
    print("| --- | --- | ---: | --- | --- | ---: | ---: |", file=out)
    print("\n".join(lines), file=out)
