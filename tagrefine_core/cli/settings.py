"""Training settings on the command line: the same options, read the same way, in every command that trains."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from tagrefine_core.config import TrainConfig, read_settings, train_config
from tagrefine_core.errors import ConfigError
from tagrefine_core.presets import PRESETS

__all__ = ["Backbone", "Preset", "Seed", "Settings", "Weights", "configuration", "given_settings"]

Preset = Annotated[str, typer.Option(help=f"One of: {', '.join(PRESETS)}.")]
Backbone = Annotated[str | None, typer.Option(help="The network below, e.g. mobilenet_v2.")]
Weights = Annotated[str | None, typer.Option(help="imagenet, none, or a state dict's file.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Of all randomness; 0 by default.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Any setting, e.g. scoring.smooth=0.3; may be repeated."
    ),
]


def configuration(preset: str, pairs: Sequence[str] | None, options: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration of a command line; ConfigError as `given_settings` and `train_config`."""
    return train_config(preset, **given_settings(pairs, options))


def given_settings(pairs: Sequence[str] | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Put together what ``--set`` and options of their own say.

    Parameters
    ----------
    pairs : sequence of str
        ``NAME=VALUE`` each.
    options : mapping
        Names of settings to what their options were given; None where they were not.

    Raises
    ------
    ConfigError
        When a pair cannot be read, or a setting is given in both ways.
    """
    by_set = read_settings(pairs or ())
    by_option = read_settings(f"{name}={value}" for name, value in options.items() if value is not None)
    if twice := by_set.keys() & by_option.keys():
        raise ConfigError(f"{sorted(twice)[0]} is given twice, by --set and by an option of its own.")
    return by_set | by_option
