"""A configuration of a training run: its groups of settings, and which of them go together."""

import difflib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from tagrefine_core.errors import ConfigError
from tagrefine_core.setting_groups import (
    ConstraintsSettings,
    Group,
    NeighborsSettings,
    NetworkSettings,
    OptimizerSettings,
    Phi0Settings,
    RunSettings,
    ScoringSettings,
)

__all__ = ["SETTINGS", "TrainConfig", "check_name"]


class TrainConfig(Group):
    """Settings of one training run (paper: sections "Proposed Model" and "Training and Prediction").

    Frozen and validated; unknown names are errors. Symbols are the paper's: ``s`` batch size, ``m`` group
    size, ``M`` candidates, ``alpha`` eq. 4, ``lambda1`` and ``lambda2`` eq. 1. A setting inside a group is named with a
    dot, ``scoring.evidence``, on the command line and in `train_config`.
    """

    preset: str = Field("default", description="starting point of all other settings")
    task: Literal["refinement", "annotation"] = Field(
        default="refinement",
        description="learn from all photos, or from a part and tag the others by their pictures alone",
    )
    seed: int = Field(
        default=0, ge=0, lt=2**31, description="start of all random draws: the same seed gives the same run"
    )
    network: NetworkSettings = NetworkSettings()
    optimizer: OptimizerSettings = OptimizerSettings()
    phi0: Phi0Settings = Phi0Settings()
    neighbors: NeighborsSettings = NeighborsSettings()
    constraints: ConstraintsSettings = ConstraintsSettings()
    scoring: ScoringSettings = ScoringSettings()
    run: RunSettings = RunSettings()

    @model_validator(mode="after")
    def _consistent(self) -> "TrainConfig":
        s, m, M = self.neighbors.s, self.neighbors.m, self.neighbors.M
        if s % m:
            raise ValueError(
                f"neighbors.s must be a multiple of neighbors.m, since a batch is s/m groups of m images; got s={s}, m={m}"
            )
        if m - 1 > M:
            raise ValueError(f"neighbors.M must be at least m-1; got M={M}, m={m}")
        if self.needs_agreement and not self.learns_features:
            raise ValueError(
                "constraints.lambda_nbr shapes features, and of this network none learn: set network.projection or "
                "network.adapter above 0, or network.finetune"
            )
        of = self.constraints
        terms = ["lambda_nbr"] if self.exact else ["lambda_nbr", "lambda_vis", "lambda1", "lambda2", "eta"]
        if of.epochs and not any(getattr(of, term) for term in terms):
            raise ValueError(
                "no term of stage 2 has a weight, so that nothing would be learned: set constraints.epochs=0, or above 0 "
                + " or ".join(f"constraints.{term}" for term in terms)
                + (" (a last layer that is solved for learns from no other)" if self.exact else "")
            )
        if not self.scoring.closed_form and not self.taught_by_steps:
            raise ValueError(
                "nothing would teach the last layer what users tag: set scoring.closed_form or phi0.epochs above 0, or "
                "constraints.eta with constraints.epochs"
            )
        if self.network.backbone == "small_cnn" and self.network.weights != "none":
            raise ValueError("the small network has no pretrained weights: use network.weights=none")
        return self

    def flat(self) -> dict[str, Any]:
        """Return every setting by its name with a dot."""
        return {
            ".".join((name, leaf) if leaf else (name,)): value
            for name, group in self.model_dump().items()
            for leaf, value in (group.items() if isinstance(group, dict) else [("", group)])
        }

    def replaced(self, settings: Mapping[str, Any]) -> "TrainConfig":
        """Return the same with some settings changed, by their names with a dot; ConfigError as `train_config`."""
        return _build({**self.flat(), **settings})

    def steps_per_epoch(self, images: int) -> int:
        """Return the steps of one epoch, in which as many photos pass as there are to train on; the last batch wraps around."""
        return -(-images // min(self.neighbors.s, images))

    def epochs(self, stage: str, steps_per_epoch: int) -> int:
        """Return the epochs of a stage, "phi0" or "constraints", each of so many steps."""
        if stage == "phi0":
            return 0 if self.exact else self.phi0.epochs
        epochs, most = self.constraints.epochs, self.constraints.steps
        return epochs if most is None else min(epochs, max(1, most // steps_per_epoch))

    @property
    def learns_features(self) -> bool:
        """Whether any feature learns: of the trunk, of the layer above it, or of neighbors alone."""
        network = self.network
        return network.finetune != "head" or network.adapter != 0 or self.projection > 0

    @property
    def projection(self) -> int:
        """Length of the features of neighbors that are learned beside the classifier's; 0 where nothing would teach them."""
        return self.network.projection if self.needs_agreement else 0

    @property
    def exact(self) -> bool:
        """Whether tags reach logits through the closed form alone: one network then does for all parts of cross-fitting."""
        network = self.network
        return self.scoring.closed_form == 1 and network.finetune == "head" and network.adapter == 0

    @property
    def networks(self) -> int:
        """How many networks a fitted model holds: one for each part that is held out, and where they are exact one of all photos."""
        parts = self.scoring.crossfit
        return parts + 1 if self.exact and parts > 1 else parts

    @property
    def taught_by_steps(self) -> bool:
        """Whether gradient steps teach the classifier what users tag, where it is not solved for alone."""
        constraints = self.constraints
        return bool(self.phi0.epochs or (constraints.epochs and (constraints.eta or constraints.lambda2)))

    @property
    def needs_agreement(self) -> bool:
        """Whether anything asks how far the tags of two photos agree."""
        return bool(self.constraints.lambda_nbr and self.constraints.epochs)

    @property
    def needs_xi(self) -> bool:
        """Whether anything asks how similar tags are; a last layer that is solved for does not."""
        return bool(self.constraints.lambda1 and self.constraints.epochs and not self.exact)


SETTINGS: tuple[str, ...] = tuple(TrainConfig().flat())
"""The names of all settings."""


def check_name(name: str) -> None:
    """Raise ConfigError with the nearest names when this is no setting."""
    if name in SETTINGS:
        return
    wanted, leaf = name.strip().lower(), name.strip().lower().rpartition(".")[2]
    by_leaf = {known: known.lower().rpartition(".")[2] for known in SETTINGS}
    close = [known for known in SETTINGS if by_leaf[known] == leaf or known.lower() == wanted]
    if not close:
        near = difflib.get_close_matches(wanted, map(str.lower, SETTINGS), n=3)
        near += difflib.get_close_matches(leaf, by_leaf.values(), n=3)
        close = [known for one in near for known in SETTINGS if one in (known.lower(), by_leaf[known])]
        close = list(dict.fromkeys(close))[:3]
    hint = f"did you mean {' or '.join(close)}?" if close else f"the settings are: {', '.join(SETTINGS)}."
    raise ConfigError(f"There is no setting {name!r}; {hint}")


def _build(flat: Mapping[str, Any]) -> TrainConfig:
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        check_name(name)
        group, dot, leaf = name.partition(".")
        if dot:
            nested.setdefault(group, {})[leaf] = value
        else:
            nested[group] = value
    try:
        return TrainConfig(**nested)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        where = f"Setting {name}={first['input']!r}: " if name else ""
        raise ConfigError(f"{where}{first['msg'].removeprefix('Value error, ')}.") from None
