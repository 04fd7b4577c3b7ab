"""Training settings on the command line: the same options, read the same way, in every command that trains."""

from typing import Annotated, Any

import typer

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.presets import PRESETS
from tagrefine_core.settings import read_settings, train_config

__all__ = ["Backbone", "Preset", "Seed", "Settings", "Weights", "configuration", "given_settings"]

Preset = Annotated[str, typer.Option(help=f"One of: {', '.join(PRESETS)}.")]
Backbone = Annotated[
    str | None, typer.Option(help="The network below, efficientnet_lite by default, or e.g. mobilenet_v2.")
]
Weights = Annotated[str | None, typer.Option(help="imagenet, none, or a state dict's file.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Of all randomness; 0 by default.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Any setting, e.g. scoring.smooth=0.3; may be repeated."
    ),
]


# Options that stand for settings, by the name of the command's parameter.
_OPTIONS = {
    "task": ("task",),
    "seed": ("seed",),
    "backbone": ("network.backbone",),
    "weights": ("network.weights",),
    "finetune": ("network.finetune",),
    "refresh": ("neighbors.refresh",),
    "stage_epochs": ("phi0.epochs", "constraints.epochs"),
}


def configuration(context: typer.Context) -> TrainConfig:
    """Return the configuration that a command was given; ConfigError as `given_settings` and `train_config`."""
    return train_config(context.params["preset"], **given_settings(context))


def given_settings(context: typer.Context) -> dict[str, Any]:
    """Put together what ``--set`` and options of their own say.

    Raises
    ------
    ConfigError
        When a pair cannot be read, or a setting is given in both ways.
    """
    given = context.params
    by_set = read_settings(given["settings"] or ())
    options = {setting: given.get(option) for option, names in _OPTIONS.items() for setting in names}
    by_option = read_settings(f"{name}={value}" for name, value in options.items() if value is not None)
    if twice := by_set.keys() & by_option.keys():
        raise ConfigError(f"{sorted(twice)[0]} is given twice, by --set and by an option of its own.")
    return by_set | by_option
