"""Probabilities as people read them."""

__all__ = ["percent"]

_SIGN = "\u00a0%"  # does not stand alone at the beginning of a line


def percent(share: float, digits: int = 0) -> str:
    r"""Return a share in percent, near 0 and 1 with a digit more.

    >>> percent(0.943), percent(0.0049), percent(0.0001)
    ('94\xa0%', '0.5\xa0%', 'less than 0.1\xa0%')
    """
    if share < 0.001:
        return f"less than 0.1{_SIGN}"
    if share > 0.999:
        return f"more than 99.9{_SIGN}"
    return f"{100 * share:.{max(digits, int(not 0.01 <= share <= 0.99))}f}{_SIGN}"
