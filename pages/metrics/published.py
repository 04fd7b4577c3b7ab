"""The paper's own tables as rows for the page."""

import pandas as pd

from tagrefine_core.evaluation.published import TABLES

__all__ = ["MEASURES", "TABLES", "published"]

MEASURES = ("MiAP", "mAP", "MicroAUC", "MacroAUC")


def published(table: str) -> pd.DataFrame:
    """Return one of the paper's tables."""
    return pd.DataFrame.from_dict(TABLES[table], orient="index", columns=list(MEASURES)).rename_axis(
        "Published method"
    )
