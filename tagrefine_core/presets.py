"""Named starting points for the settings of a training run."""

from collections.abc import Mapping
from typing import Any

__all__ = ["PRESETS"]

_DEFAULT: dict[str, Any] = {
    "network.views": 2,
    "network.power": 0.6,
    "network.center": True,
    "network.adapter": 0,
    "network.projection": 256,
    "network.dropout": 0.5,
    "optimizer.algorithm": "adamw",
    "optimizer.weight_decay": 0.01,
    "phi0.epochs": 0,
    "neighbors.s": 1024,
    "constraints.epochs": 20,
    "constraints.steps": 1000,
    "constraints.lr": 0.001,
    "constraints.lambda_vis": 0.0,
    "constraints.lambda_nbr": 1.0,
    "constraints.lambda1": 0.0,
    "constraints.lambda2": 0.0,
    "constraints.eta": 0.0,
    "constraints.implied": 1.0,
    "scoring.crossfit": 10,
    "scoring.closed_form": 1.0,
    "scoring.prototype": 0.25,
    "scoring.smooth": 0.3,
    "scoring.calibrated": True,
    "scoring.evidence": 0.72,
}
_PAPER: dict[str, Any] = {
    "network.backbone": "vgg16",
    "network.finetune": "all",
    "network.adapter": 0,
    "network.normalize": False,
    "optimizer.schedule": "step",
    "optimizer.lr_backbone": 1.0,
    "phi0.epochs": 30,
    "phi0.lr": 0.001,
    "neighbors.refresh": "exact",
    "constraints.epochs": 30,
    "constraints.lr": 0.001,
    "constraints.reduction": "literal",
    "constraints.lambda2": 0.001,
    "constraints.eta": 0.0,
}
_SMALL: dict[str, Any] = {
    "network.backbone": "small_cnn",
    "network.weights": "none",
    "network.finetune": "all",
    "network.image_size": 64,
    "network.dropout": 0.2,
    "optimizer.average": 0.95,
    "phi0.lr": 0.01,
    "neighbors.s": 32,
    "neighbors.M": 128,
    "constraints.epochs": 5,
    "constraints.lr": 0.003,
    "constraints.lambda2": 0.02,
    "scoring.calibrated": True,
    "scoring.evidence": 2.0,
}
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "default": _DEFAULT,
    "fast": {**_DEFAULT, "constraints.epochs": 0},
    "small": _SMALL,
    "paper": _PAPER,
    "paper+bce": {**_PAPER, "constraints.eta": 1.0},
}
"""Named starting points; `train_config` lays the user's settings over them."""
