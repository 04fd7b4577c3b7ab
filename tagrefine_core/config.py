"""Every setting of a training run: its group, what it takes, and which go together."""

import difflib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tagrefine_core.errors import ConfigError

__all__ = ["SETTINGS", "TrainConfig", "check_name"]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Network(_Group):
    """What looks at the photos."""

    backbone: Literal[
        "efficientnet_lite",
        "vgg16",
        "resnet50",
        "mobilenet_v2",
        "mobilenet_v3_small",
        "convnext_tiny",
        "vit_b_16",
        "small_cnn",
    ] = "efficientnet_lite"
    weights: str = Field("imagenet", description="'imagenet', 'none', or the path of a state dict")
    finetune: str = Field(
        "head", pattern=r"^(head|all|blocks:[1-9]\d*)$", description="what learns of the backbone"
    )
    image_size: int | None = Field(None, ge=32, le=1024, description="in pixels; None: the backbone's own")
    views: int = Field(1, ge=1, le=2, description="2: the mean feature of a photo and its mirror image")
    augment: bool = Field(True, description="random crop and flip while the backbone learns")
    power: float = Field(
        1.0,
        gt=0,
        le=1,
        description="features to this power: below 1, what fires seldom and strongly counts less",
    )
    normalize: bool = Field(True, description="features of one length: neighbors are cosine neighbors")
    center: bool = Field(False, description="subtract the mean feature, which drowns what sets photos apart")
    adapter: int | None = Field(
        None, ge=0, description="width of the learned layer; None: 256, 0 if the trunk learns"
    )
    projection: int = Field(
        0, ge=0, description="length of the learned features of neighbors; 0: the classifier's"
    )
    dropout: float = Field(0.5, ge=0, lt=1, description="rate between feature and what reads it")


class _Optimizer(_Group):
    """How weights move, in both stages."""

    algorithm: Literal["sgd", "adamw"] = Field("sgd", description="sgd: with momentum .9, the paper's")
    schedule: Literal["step", "onecycle", "constant"] = Field(
        "onecycle", description="step: a tenth every ten epochs"
    )
    lr_backbone: float = Field(0.1, ge=0, description="the backbone's rate, as a multiple of the stage's")
    weight_decay: float = Field(5e-4, ge=0)
    average: float = Field(0.0, ge=0, lt=1, description="decay of the moving average of the weights; 0: none")


class _Phi0(_Group):
    """Stage 1: the users' tags alone."""

    epochs: int = Field(12, ge=0, description="passes over the photos")
    lr: float = Field(0.01, gt=0, description="learning rate of the new layers")


class _Neighbors(_Group):
    """Batches of anchors and their look-alikes (Algorithm 1)."""

    s: int = Field(64, ge=1, description="photos of a batch, in both stages")
    m: int = Field(8, ge=2, description="photos of a group: an anchor and its m-1 neighbors")
    M: int = Field(512, ge=1, description="candidates of an anchor, found once under phi0")
    refresh: Literal["exact", "shortlist", "bank", "static", "random"] = Field(
        "bank", description="how candidates are ranked; random: neighbors are any photos, to compare with"
    )


class _Constraints(_Group):
    """Stage 2: the terms of eq. 1, one that shapes features, and an anchor."""

    epochs: int = Field(12, ge=0, description="passes over the photos")
    steps: int | None = Field(
        None,
        ge=1,
        description="fewer passes where these would take more steps than that, at least one; None: all",
    )
    lr: float = Field(0.01, gt=0, description="learning rate of the new layers")
    lambda_vis: float = Field(1.0, ge=0, description="weight of L_vis; 1 in the paper")
    lambda_nbr: float = Field(
        0.0, ge=0, description="weight of L_nbr: like tags, near features (not in the paper)"
    )
    lambda1: float = Field(1.0, ge=0, description="weight of L_sem")
    lambda2: float = Field(0.1, ge=0, description="weight of L_err")
    eta: float = Field(
        1.0, ge=0, description="weight of the anchor, logistic loss on user tags (not in the paper)"
    )
    reduction: Literal["per_image", "literal"] = Field(
        "per_image", description="literal: L_sem, L_err as printed"
    )
    alpha: float = Field(
        0.5, ge=0, description="weight of WordNet beside use in the similarity of tags (eq. 4)"
    )
    implied: float = Field(
        0.0, ge=0, le=1, description="how far a tag counts for those that it implies by WordNet"
    )


class _Scoring(_Group):
    """From trained networks to scores."""

    crossfit: int = Field(
        1,
        ge=1,
        le=20,
        description="parts of the photos, each scored by a network or last layer that has not seen it",
    )
    closed_form: float = Field(0.0, ge=0, le=1, description="share of the closed form in the last layer")
    prototype: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of a tag's mean feature in the closed form; the rest is least squares",
    )
    smooth: float = Field(0.0, ge=0, lt=1, description="share of its neighbors' predictions in a photo's own")
    calibrated: bool = Field(
        False, description="scores say how likely a tag fits, not how likely it is given"
    )
    evidence: float = Field(0.0, ge=0, description="weight of the user's own tag as evidence for it")


class _Run(_Group):
    """Which photos, which machine, what is kept."""

    train_fraction: float = Field(0.2, gt=0, lt=1, description="part of the photos that annotation trains on")
    part: int = Field(0, ge=0, description="which of the disjoint training parts annotation trains on")
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where CUDA has it"
    )
    validation: float = Field(
        0.1, ge=0, lt=0.5, description="part of the training photos watched with ground truth"
    )
    trace: bool = Field(True, description="record the neighbors of the photos while it learns")
    checkpoint_seconds: float = Field(60.0, gt=0, description="longest time between checkpoints")


class TrainConfig(_Group):
    """Settings of one training run (paper: sections "Proposed Model" and "Training and Prediction").

    Frozen and validated; unknown names are errors. Symbols are the paper's: ``s`` batch size, ``m`` group
    size, ``M`` candidates, ``alpha`` eq. 4, ``lambda1`` and ``lambda2`` eq. 1. A setting inside a group is named with a
    dot, ``scoring.evidence``, on the command line and in `train_config`.
    """

    preset: str = "default"
    task: Literal["refinement", "annotation"] = Field(
        default="refinement",
        description="learn from all photos, or from a part and tag the others by their pictures alone",
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="of all randomness")
    network: _Network = _Network()
    optimizer: _Optimizer = _Optimizer()
    phi0: _Phi0 = _Phi0()
    neighbors: _Neighbors = _Neighbors()
    constraints: _Constraints = _Constraints()
    scoring: _Scoring = _Scoring()
    run: _Run = _Run()

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
