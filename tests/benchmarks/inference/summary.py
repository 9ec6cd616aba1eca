"""One number out of many rounds."""

from statistics import median


def spread(values):
    """Half of the values are within this share of the median."""
    middle = median(values)
    return median(abs(value - middle) for value in values) / middle


def paired_ratio(numerators, denominators):
    """The median of the rounds' ratios.

    The two sides of a ratio were measured within one round, so what slows the machine
    down for a while meets both.
    """
    return median(a / b for a, b in zip(numerators, denominators, strict=True))
