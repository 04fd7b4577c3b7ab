"""Settings by name: from presets and command lines to a configuration and back, and what is said of them."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from tagrefine_core.config import TrainConfig, check_name
from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.folders import expanded
from tagrefine_core.presets import PRESETS

__all__ = [
    "absolute_weights",
    "read_settings",
    "settings_that_differ",
    "settings_without_effect",
    "train_config",
    "write_settings",
]

_OPTIONAL = {
    f"{group}.{name}"
    for group, of in TrainConfig.model_fields.items()
    if isinstance(of.default, BaseModel)
    for name, field in type(of.default).model_fields.items()
    if field.default is None
}


def train_config(preset: str = "default", **settings: Any) -> TrainConfig:
    """Build a configuration from a preset and settings laid over it.

    A setting that has no effect beside the others is named in a TagRefineWarning.

    Parameters
    ----------
    preset : str
        A name in `PRESETS`.
    **settings
        Of `SETTINGS`, whole groups (``scoring={"evidence": 0.8}``) or names with a dot; text such as ``"0.5"`` is
        converted.

    Raises
    ------
    ConfigError
        Naming the setting, what was given and what is allowed.

    Examples
    --------
    >>> train_config("paper", seed=3, constraints={"eta": "0.5"}).constraints.eta
    0.5
    """
    if preset not in PRESETS:
        raise ConfigError(f"There is no preset {preset!r}; choose one of: {', '.join(PRESETS)}.")
    given = {
        name: value
        for key, group in settings.items()
        for name, value in (
            {f"{key}.{leaf}": value for leaf, value in group.items()}
            if isinstance(group, Mapping)
            else {key: group}
        ).items()
    }
    config = TrainConfig().replaced({**PRESETS[preset], **given, "preset": preset})
    for line in settings_without_effect(config, given):
        warnings.warn(line, TagRefineWarning, stacklevel=2)
    return config


def read_settings(pairs: Iterable[str], *, option: str = "--set") -> dict[str, str | None]:
    """Read settings as a command line gives them: ``NAME=VALUE`` each, the last of a name counts.

    Raises
    ------
    ConfigError
        When a pair has another form, or a name is no setting.
    """
    found: dict[str, str | None] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name or not value:
            raise ConfigError(
                f"{option} takes NAME=VALUE, such as {option} scoring.smooth=0.3; got {pair!r}."
            )
        if name == "preset":
            raise ConfigError("Choose the preset with --preset.")
        check_name(name)
        found[name] = None if value.lower() in ("none", "null") and name in _OPTIONAL else value
    if weights := found.get("network.weights"):
        found["network.weights"] = absolute_weights(weights)
    return found


def write_settings(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as `read_settings` takes them."""
    return [
        f"{name}={str(value).lower() if value in (None, True, False) else value}"
        for name, value in settings.items()
    ]


def absolute_weights(given: str) -> str:
    """Return weights that mean the same in every folder, from which a run may be resumed: a file's path made absolute."""
    return given if given in ("none", "imagenet") else str(expanded(given).absolute())


def settings_that_differ(config: TrainConfig) -> dict[str, Any]:
    """Return the settings that are not those of the preset; task and seed, which it leaves open, are not among them."""
    preset = TrainConfig().replaced({**PRESETS[config.preset], "preset": config.preset}).flat()
    return {
        name: value
        for name, value in config.flat().items()
        if value != preset[name] and name not in ("task", "seed")
    }


def settings_without_effect(config: TrainConfig, names: Iterable[str]) -> list[str]:
    """Return a line for each of these settings that does nothing, or not all it seems to, beside the others."""
    network, constraints, scoring = config.network, config.constraints, config.scoring
    idle: dict[str, str] = {}
    if config.task == "refinement":
        idle |= dict.fromkeys(("run.train_fraction", "run.part"), "task=refinement")
    else:
        idle["scoring.evidence"] = "task=annotation"
    if not scoring.calibrated:
        idle["scoring.evidence"] = "scoring.calibrated=False"
    if network.finetune == "head":
        idle |= dict.fromkeys(("network.augment", "optimizer.lr_backbone"), "network.finetune=head")
    if not (constraints.lambda1 or constraints.lambda2):
        idle["constraints.reduction"] = "constraints.lambda1=0 and constraints.lambda2=0"
    if not constraints.lambda1:
        idle["constraints.alpha"] = "constraints.lambda1=0"
    if config.exact:
        solved = ("lambda_vis", "lambda1", "lambda2", "eta", "reduction", "alpha")
        idle |= dict.fromkeys(
            ("phi0.epochs", "phi0.lr", *(f"constraints.{name}" for name in solved)),
            "scoring.closed_form=1 on a frozen backbone without network.adapter",
        )
    if not constraints.epochs:
        trained = (
            "steps",
            "lr",
            "lambda_vis",
            "lambda_nbr",
            "lambda1",
            "lambda2",
            "eta",
            "reduction",
            "alpha",
        )
        idle |= dict.fromkeys((f"constraints.{name}" for name in trained), "constraints.epochs=0")
        idle["neighbors.refresh"] = "constraints.epochs=0"
        if config.exact or not config.phi0.epochs:
            steps = (
                "network.dropout",
                "neighbors.s",
                *(f"optimizer.{name}" for name in type(config.optimizer).model_fields),
            )
            idle |= dict.fromkeys(steps, "constraints.epochs=0, which leaves no gradient step")
    elif config.neighbors.refresh in ("static", "random"):
        idle["neighbors.M"] = f"neighbors.refresh={config.neighbors.refresh}"
    if not config.projection:
        idle["network.projection"] = (
            "constraints.lambda_nbr=0" if constraints.epochs else "constraints.epochs=0"
        )
    if not scoring.closed_form:
        idle["scoring.prototype"] = "scoring.closed_form=0"
    if not config.phi0.epochs:
        idle["phi0.lr"] = "phi0.epochs=0"
    flat = config.flat()
    switched_on = [name for name in dict.fromkeys(names) if flat.get(name)]
    lines = [f"{name}={flat[name]} has no effect with {idle[name]}." for name in switched_on if name in idle]
    if "scoring.closed_form" in switched_on and scoring.closed_form < 1 and not config.taught_by_steps:
        lines.append(
            f"scoring.closed_form={scoring.closed_form} averages the closed form with a last layer that nothing teaches what "
            "users tag, which only weakens it: set it to 1, or above 0 phi0.epochs, or constraints.eta with constraints.epochs."
        )
    return lines
