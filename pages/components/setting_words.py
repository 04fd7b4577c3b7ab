"""The settings of a training run in plain words, beside the names by which the command line knows them."""

import re
from collections.abc import Mapping
from typing import Any

from pages.components.words import TASKS
from tagrefine_core.config import SETTINGS

__all__ = [
    "BACKBONES",
    "GROUPS",
    "LABELS",
    "PRESETS",
    "REFRESH",
    "VALUES",
    "differs_in_words",
    "told",
    "value_words",
]

PRESETS = {
    "default": "Default",
    "fast": "Fast",
    "small": "Small",
    "paper": "Paper",
    "paper+bce": "Paper, anchored",
}
"""Preset to its title."""

GROUPS = {
    "network": "Network",
    "optimizer": "Optimizer",
    "phi0": "Stage 1",
    "neighbors": "Neighbors",
    "constraints": "Stage 2",
    "scoring": "Scores",
    "run": "Run",
}
"""Group of settings to its title."""

LABELS = {
    "preset": "Preset",
    "task": "Task",
    "seed": "Seed",
    "network.backbone": "Network",
    "network.weights": "Begins with",
    "network.finetune": "What learns",
    "network.image_size": "Picture size",
    "network.views": "Views of a photo",
    "network.augment": "Random crops and flips",
    "network.power": "Power of features",
    "network.normalize": "Features of one length",
    "network.center": "Less the mean feature",
    "network.adapter": "Feature layer",
    "network.projection": "Features of neighbors",
    "network.dropout": "Dropout",
    "optimizer.algorithm": "Optimizer",
    "optimizer.schedule": "Course of learning rates",
    "optimizer.lr_backbone": "Pace of the backbone",
    "optimizer.weight_decay": "Weight decay",
    "optimizer.average": "Average of weights",
    "phi0.epochs": "Passes in stage 1",
    "phi0.lr": "Learning rate, stage 1",
    "neighbors.s": "Photos in a batch",
    "neighbors.m": "Photos in a group",
    "neighbors.M": "Candidates of a photo",
    "neighbors.refresh": "Renewing of features",
    "constraints.epochs": "Passes in stage 2",
    "constraints.steps": "Most steps of stage 2",
    "constraints.lr": "Learning rate, stage 2",
    "constraints.lambda_vis": "Look-alike photos",
    "constraints.lambda_nbr": "Like tags, near photos",
    "constraints.lambda1": "Related tags",
    "constraints.lambda2": "Few errors",
    "constraints.eta": "Users' tags",
    "constraints.reduction": "Losses of a batch",
    "constraints.alpha": "Meaning of tags",
    "constraints.implied": "Implied tags",
    "scoring.crossfit": "Parts held out",
    "scoring.closed_form": "Exact last layer",
    "scoring.prototype": "Share of mean features",
    "scoring.smooth": "Share of neighbors",
    "scoring.calibrated": "Scores tell what fits",
    "scoring.evidence": "Weight of the own tag",
    "run.train_fraction": "Part to learn from",
    "run.part": "Which part",
    "run.device": "Device",
    "run.precision": "Precision",
    "run.validation": "Part that is watched",
    "run.trace": "Neighbors recorded",
    "run.checkpoint_seconds": "Seconds to a checkpoint",
}
"""Setting to what the pages call it."""

BACKBONES = {
    "efficientnet_lite": "EfficientNet Lite",
    "vgg16": "VGG-16",
    "resnet50": "ResNet-50",
    "mobilenet_v2": "MobileNet v2",
    "mobilenet_v3_small": "MobileNet v3, small",
    "convnext_tiny": "ConvNeXt, tiny",
    "vit_b_16": "ViT-B/16",
    "small_cnn": "small network",
}
REFRESH = {
    "exact": "all candidates, at every step",
    "shortlist": "the likeliest candidates, at every step",
    "bank": "features kept, renewed by and by",
    "static": "looked up once, at the start",
    "random": "none: any photos, to compare with",
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "preset": PRESETS,
    "task": {name: title for name, (title, _) in TASKS.items()},
    "network.backbone": BACKBONES,
    "network.weights": {"imagenet": "ImageNet weights", "none": "nothing"},
    "network.finetune": {
        "head": "the new layers",
        "blocks:1": "the last block, too",
        "blocks:2": "the last 2 blocks, too",
        "blocks:3": "the last 3 blocks, too",
        "all": "everything",
    },
    "optimizer.algorithm": {"sgd": "SGD with momentum", "adamw": "AdamW"},
    "optimizer.schedule": {
        "onecycle": "up, then down",
        "step": "a tenth every ten passes",
        "constant": "the same all along",
    },
    "neighbors.refresh": REFRESH,
    "constraints.reduction": {"per_image": "mean over photos", "literal": "sum, as printed"},
    "run.device": {"auto": "the fastest there is", "cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"},
    "run.precision": {"auto": "what the device does best", "float32": "32 bits", "bfloat16": "16 bits"},
}
"""Setting to its values and what the pages call them."""

_PLAIN = {"True": "on", "False": "off", "None": "automatic"}
_GIVEN = re.compile(
    rf"(?<![\w.])({'|'.join(sorted(map(re.escape, SETTINGS), key=len, reverse=True))})"
    r"(?:=(\S+?)(?=[.,;:]?(?:\s|$)))?(?![\w=])"
)


def value_words(name: str, value: Any) -> str:
    """Return a setting's value in words; numbers and what has no words as they are."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return VALUES.get(name, {}).get(text, _PLAIN.get(text, text))


def told(text: str) -> str:
    """Put the words of settings into a sentence that names them as the command line does.

    >>> told("neighbors.M=512 has no effect with neighbors.refresh=static.")
    '“Candidates of a photo” 512 (neighbors.M) has no effect with “Renewing of features” looked up once, at the start (neighbors.refresh).'
    """

    def words(found: re.Match[str]) -> str:
        name, value = found.groups()
        if value is None and "." not in name:
            return found[0]  # an everyday word such as "task"
        return f"“{LABELS[name]}” ({name})" if value is None else _named(name, value)

    return _GIVEN.sub(words, text)


def differs_in_words(preset: str, differs: Mapping[str, Any]) -> str:
    """Return a preset and the settings that are not its own.

    >>> differs_in_words("small", {"network.dropout": 0.3})
    'Small, but with “Dropout” 0.3 (network.dropout)'
    """
    changed = ", ".join(_named(name, value) for name, value in differs.items())
    return PRESETS.get(preset, preset) + (f", but with {changed}" if changed else "")


def _named(name: str, value: Any) -> str:
    return f"“{LABELS.get(name, name)}” {value_words(name, value)} ({name})"
