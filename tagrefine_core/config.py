"""Where things live, and every setting of a training run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tagrefine_core.errors import ConfigError, HomeError

__all__ = ["PRESETS", "TrainConfig", "cache_folder", "home_folder", "train_config"]


def home_folder(option: str | Path | None = None) -> Path:
    """Return the home folder, made when missing: the option, ``TAGREFINE_HOME``, or the user's data folder.

    Raises
    ------
    HomeError
        When it is not a folder or cannot be written.
    """
    path = Path(option or os.environ.get("TAGREFINE_HOME") or platformdirs.user_data_path("tagrefine"))
    path = path.expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(
            f"The home folder {path} cannot be made ({error.strerror}). Choose another with --home DIR."
        ) from error
    if not os.access(path, os.W_OK):
        raise HomeError(f"The home folder {path} is not writable. Choose another with --home DIR.")
    return path


def cache_folder() -> Path:
    """Return the folder of files that can be made again, shared by all homes: ``TAGREFINE_CACHE`` or the user's cache."""
    return (
        Path(os.environ.get("TAGREFINE_CACHE") or platformdirs.user_cache_path("tagrefine"))
        .expanduser()
        .absolute()
    )


class TrainConfig(BaseModel):
    """Settings of one training run (paper: sections "Proposed Model" and "Training and Prediction").

    Frozen and validated; unknown names are errors. Symbols are the paper's: ``s`` batch size, ``m`` group
    size, ``M`` candidates, ``alpha`` eq. 4, ``lambda1`` and ``lambda2`` eq. 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    preset: str = "default"
    task: Literal["refinement", "annotation"] = "refinement"
    train_fraction: float = Field(0.2, gt=0, lt=1, description="part of the photos that annotation trains on")
    fold: int = Field(0, ge=0, description="which disjoint training part of the annotation task")
    seed: int = Field(0, ge=0, lt=2**31)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    backbone: Literal[
        "vgg16", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "convnext_tiny", "vit_b_16", "small_cnn"
    ] = "mobilenet_v2"
    weights: str = Field("imagenet", description="'imagenet', 'none', or the path of a state dict")
    finetune: str = Field("head", pattern=r"^(head|all|blocks:[1-9]\d*)$")
    image_size: int | None = Field(
        None, ge=32, le=1024, description="side in pixels; None: the backbone's own"
    )
    adapter: int | None = Field(
        None, ge=0, description="hidden width of the learned feature layer; None: 256 in head mode, else 0"
    )
    views: Literal[1, 2] = Field(
        1, description="2: each photo is also looked at mirrored, and the two features are averaged"
    )
    augment: bool = Field(True, description="random crop and flip while the backbone learns")

    normalize: bool = Field(
        True, description="scale features to one length, so that neighbors are cosine neighbors"
    )

    center: bool = Field(
        False,
        description="subtract the mean feature, so that what all photos share does not drown what sets them apart",
    )

    folds: int = Field(
        1,
        ge=1,
        le=20,
        description="networks trained, each without one part of the photos, so that no photo is scored by a network "
        "that memorized its tags; 1: one network for all",
    )
    implied: float = Field(
        0.0,
        ge=0,
        le=1,
        description="how far a tag also counts as those that it implies by WordNet, where their photos look alike",
    )
    closed_form: float = Field(
        0.0, ge=0, le=1, description="share of its least-squares solution in the last layer, after training"
    )
    smooth: float = Field(
        0.0, ge=0, lt=1, description="share of its neighbors' predictions in a photo's own, after training"
    )
    smooth_neighbors: int = Field(20, ge=1, description="how many neighbors that are")
    evidence: float = Field(
        0.0,
        ge=0,
        description="weight of the user's own tag as evidence for it, by how well photos bear the tag out",
    )
    related: float = Field(
        0.0,
        ge=0,
        description="weight of the user's tag as evidence for tags that go with it, where its photos look like them",
    )
    reporting: float = Field(
        0.0, ge=0, le=1, description="how far scores make up for tags that users seldom give (1: fully)"
    )

    epochs_phi0: int = Field(12, ge=0, description="stage 1: epochs on the users' tags")
    epochs: int = Field(12, ge=0, description="stage 2: epochs with the constraints")
    epoch: Literal["images", "anchors"] = Field("images", description="an epoch sees N images, or N anchors")
    s: int = Field(64, ge=1)
    m: int = Field(8, ge=2)
    M: int = Field(512, ge=1)
    refresh: Literal["exact", "shortlist", "bank", "static"] = "bank"
    shortlist: int = Field(32, ge=1, description="candidates that refresh 'shortlist' forwards")
    bank_every: int = Field(0, ge=0, description="steps between full refreshes of the bank; 0: once an epoch")
    sigma: Literal["init", "epoch", "batch"] = Field("init", description="when sigma of gamma is measured")
    last_group: Literal["wrap", "drop"] = "wrap"

    alpha: float = Field(0.5, ge=0)
    kb_measure: Literal["lin", "jcn"] = "lin"
    zero_cooccurrence: Literal["inf", "cap"] = "inf"
    xi_topk: int = Field(0, ge=0, description="keep only the strongest links of each tag; 0: all")
    lambda_vis: float = Field(1.0, ge=0, description="1 in the paper; 0 switches L_vis off (ablation)")
    lambda1: float = Field(1.0, ge=0)
    lambda2: float = Field(0.1, ge=0)
    eta: float = Field(
        1.0, ge=0, description="weight of the anchor: logistic loss on the users' tags (not in the paper)"
    )
    reduction: Literal["per_image", "literal"] = "per_image"

    optimizer: Literal["sgd", "adamw"] = Field(
        "sgd", description="sgd is the paper's; adamw learns faster where a backbone starts from nothing"
    )
    lr: float = Field(0.01, gt=0, description="learning rate of the new layers")
    lr_phi0: float | None = Field(None, gt=0, description="learning rate of stage 1; None: lr")
    lr_backbone: float = Field(0.1, ge=0, description="the backbone's learning rate, as a multiple of lr")
    schedule: Literal["step", "onecycle", "constant"] = "onecycle"
    lr_step: int = Field(10, ge=1, description="epochs between tenfold drops of schedule 'step'")
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(5e-4, ge=0)
    dropout: float = Field(0.5, ge=0, lt=1)
    average: float = Field(0.0, ge=0, lt=1, description="decay of the moving average of the weights; 0: none")

    validation: float = Field(
        0.1,
        ge=0,
        lt=0.5,
        description="part of the training photos watched with ground truth, never trained less on",
    )
    trace_queries: int = Field(48, ge=0)
    trace_points: int = Field(12, ge=2)
    trace_neighbors: int = Field(12, ge=1)
    checkpoint_seconds: float = Field(60.0, gt=0, description="longest time between checkpoints")

    @model_validator(mode="after")
    def _consistent(self) -> "TrainConfig":
        if self.s % self.m:
            raise ValueError(
                f"s must be a multiple of m, since a batch is s/m groups of m images; got s={self.s}, m={self.m}"
            )
        if self.m - 1 > self.M:
            raise ValueError(f"M must be at least m-1; got M={self.M}, m={self.m}")
        if self.backbone == "small_cnn" and (self.finetune != "all" or self.weights != "none"):
            raise ValueError("small_cnn has no pretrained weights: use finetune=all and weights=none")
        return self


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "default": {
        "views": 2,
        "center": True,
        "folds": 5,
        "implied": 1.0,
        "closed_form": 0.75,
        "epochs_phi0": 20,
        "lr_phi0": 0.001,
        "weight_decay": 0.1,
        "dropout": 0.5,
        "average": 0.99,
        "epochs": 2,
        "lr": 0.0002,
        "lambda_vis": 10.0,
        "lambda1": 100.0,
        "lambda2": 0.02,
        "eta": 1.0,
        "smooth": 0.4,
        "smooth_neighbors": 20,
        "evidence": 0.75,
        "related": 0.2,
        "reporting": 0.8,
    },
    "paper": {
        "backbone": "vgg16",
        "finetune": "all",
        "adapter": 0,
        "normalize": False,
        "epochs_phi0": 30,
        "epochs": 30,
        "lr": 0.001,
        "lr_backbone": 1.0,
        "schedule": "step",
        "refresh": "exact",
        "reduction": "literal",
        "lambda2": 0.001,
        "eta": 0.0,
        "dropout": 0.5,
    },
    "paper+bce": {},
    "demo": {
        "backbone": "small_cnn",
        "weights": "none",
        "finetune": "all",
        "image_size": 64,
        "s": 32,
        "M": 128,
        "epochs_phi0": 12,
        "epochs": 5,
        "lr_phi0": 0.01,
        "lr": 0.003,
        "lambda2": 0.02,
        "average": 0.95,
        "dropout": 0.2,
        "evidence": 1.5,
        "trace_points": 10,
    },
}
"""Named starting points; `train_config` lays the user's settings over them."""


def train_config(preset: str = "default", **settings: Any) -> TrainConfig:
    """Build a configuration from a preset and settings laid over it.

    Parameters
    ----------
    preset : str
        A name in `PRESETS`.
    **settings
        Fields of `TrainConfig`; text such as ``"0.5"`` is converted.

    Raises
    ------
    ConfigError
        Naming the setting, what was given and what is allowed.
    """
    if preset not in PRESETS:
        raise ConfigError(f"There is no preset {preset!r}; choose one of: {', '.join(PRESETS)}.")
    base = {**(PRESETS["paper"] if preset.startswith("paper") else {}), **PRESETS[preset]}
    if preset == "paper+bce":
        base["eta"] = 1.0
    try:
        return TrainConfig(**{**base, **settings, "preset": preset})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise ConfigError(
                f"There is no setting {name!r}; the settings are: {', '.join(TrainConfig.model_fields)}."
            ) from None
        where = f"Setting {name}={first['input']!r}: " if name else ""
        raise ConfigError(f"{where}{first['msg'].removeprefix('Value error, ')}.") from None
