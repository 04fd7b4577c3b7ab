"""Backbones: networks cut into stages, without their classifier."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional

from tagrefine_core.errors import ConfigError, WeightsError
from tagrefine_core.features.dropout import Dropout
from tagrefine_core.features.efficientnet_lite import EfficientNetLite
from tagrefine_core.features.pictures import IMAGENET, Scale, normalize

__all__ = ["BACKBONES", "Backbone", "Trunk", "build_trunk", "look"]


@dataclass(frozen=True)
class Backbone:
    """What TagRefine knows of one architecture.

    Attributes
    ----------
    dimensions : int
        d, the length of its feature.
    image_size : int
        Side in pixels that it takes by default.
    stages : callable
        Cuts a built model into its stages, the first first; the last ends in a vector.
    build : callable or None
        Makes the whole model without weights; None: torchvision does, by its name.
    scale : Scale
        Of the pictures it was trained on.
    fixed_size : bool
        Whether it takes pictures of ``image_size`` only.
    earlier : int or None
        The stage, 0 the first, whose maps, averaged over the picture, are part of the feature as well.
    """

    dimensions: int
    image_size: int
    stages: Callable[[Any], list[nn.Module]]
    build: Callable[[], nn.Module] | None = None
    scale: Scale = IMAGENET
    fixed_size: bool = False
    earlier: int | None = None


# Length of the earlier stage's part of the feature, the last stage's being 1; docs/log/2026-11-26-eye.md.
_EARLIER = 0.3


class Trunk(nn.Module):
    """Stages applied one after the other: pictures (B, 3, H, W), 0 to 255, in; features (B, d) out.

    The last stages of a network know what ImageNet's thousand things have in common with a photo. Where a backbone names
    an earlier stage, what that sees (texture, light, parts) follows in the feature, shorter by a constant factor.

    Statistics of batch normalization stay as they were learned, and stochastic depth stays off: features are then
    the same in training and in use, and a batch can be shared by several processes.
    """

    def __init__(self, backbone: Backbone, stages: list[nn.Module]) -> None:
        super().__init__()
        self.dimensions, self.scale, self.earlier = backbone.dimensions, backbone.scale, backbone.earlier
        self.stages = nn.ModuleList(stages)
        self.learned = 0

    @property
    def beside_weights(self) -> str:
        """What makes a feature of it beside its weights, as one word for a key; empty where that is the last stage alone."""
        return "" if self.earlier is None else f"{self.earlier}:{_EARLIER:g}"

    def learn(self, finetune: str) -> None:
        """Choose what is trained: ``head`` nothing here, ``blocks:K`` the last K stages, ``all`` everything."""
        self.learned = {"head": 0, "all": len(self.stages)}.get(finetune, -1)
        if self.learned < 0:
            self.learned = int(finetune.removeprefix("blocks:"))
            if self.learned > len(self.stages):
                raise ConfigError(
                    f"finetune={finetune}: this backbone has {len(self.stages)} stages; use 'all' to train every one."
                )
        for number, stage in enumerate(self.stages):
            stage.requires_grad_(number >= len(self.stages) - self.learned)

    def train(self, mode: bool = True) -> "Trunk":
        """Switch only our own dropout; the backbone's statistics and random layers stay fixed."""
        super().train(False)
        for module in self.modules():
            if isinstance(module, Dropout):
                module.training = mode
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Return features (B, d)."""
        x = normalize(x, self.scale)
        frozen, earlier = len(self.stages) - self.learned, None
        for number, stage in enumerate(self.stages):
            with torch.set_grad_enabled(torch.is_grad_enabled() and number >= frozen):
                x = stage(x)
                if number == self.earlier:
                    earlier = x.mean(dim=(2, 3))
        return self.joined(x, earlier)

    def joined(self, x: Tensor, earlier: Tensor | None) -> Tensor:
        """Return the feature (B, d): what the last stage says (B, ...), followed by the earlier stage's mean where there is one."""
        if earlier is None:
            return x
        length = _EARLIER * x.norm(dim=1, keepdim=True)
        return torch.cat([x, length * functional.normalize(earlier, dim=1)], dim=1)


class _Tokens(nn.Module):
    """First stage of a vision transformer: patches, class token, positions."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.conv_proj = model.conv_proj
        self.class_token = model.class_token
        self.pos_embedding = model.encoder.pos_embedding

    def forward(self, x: Tensor) -> Tensor:
        patches = self.conv_proj(x).flatten(2).transpose(1, 2)
        tokens: Tensor = torch.cat([self.class_token.expand(len(x), -1, -1), patches], dim=1)
        placed: Tensor = tokens + self.pos_embedding
        return placed


class _ClassToken(nn.Module):
    """Last stage of a vision transformer."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        token: Tensor = self.norm(x)[:, 0]
        return token


def _vgg16(model: Any) -> list[nn.Module]:
    stages, layers = [], []
    for layer in model.features:
        layers.append(layer)
        if isinstance(layer, nn.MaxPool2d):
            stages.append(nn.Sequential(*layers))
            layers = []
    fc6, relu6, _, fc7, relu7 = list(model.classifier)[:5]
    return [
        *stages,
        nn.Sequential(model.avgpool, nn.Flatten(), fc6, relu6, Dropout(0.5)),
        nn.Sequential(fc7, relu7),
    ]


def _resnet50(model: Any) -> list[nn.Module]:
    return [
        nn.Sequential(model.conv1, model.bn1, model.relu, model.maxpool),
        model.layer1,
        model.layer2,
        model.layer3,
        nn.Sequential(model.layer4, model.avgpool, nn.Flatten()),
    ]


def _mobilenet(model: Any) -> list[nn.Module]:
    *first, last = model.features
    return [*first, nn.Sequential(last, nn.AdaptiveAvgPool2d(1), nn.Flatten())]


def _convnext_tiny(model: Any) -> list[nn.Module]:
    *first, last = model.features
    return [*first, nn.Sequential(last, model.avgpool, model.classifier[0], nn.Flatten())]


def _vit_b_16(model: Any) -> list[nn.Module]:
    return [_Tokens(model), *model.encoder.layers, _ClassToken(model.encoder.ln)]


def _small_cnn(_: Any) -> list[nn.Module]:
    """Six small convolutions with group normalization, quick to train from nothing on two cores."""

    def convolution(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            nn.GroupNorm(8, outputs),
            nn.ReLU(inplace=True),
        ]

    return [
        nn.Sequential(*convolution(3, 32, 2)),
        nn.Sequential(*convolution(32, 64, 2), *convolution(64, 64, 1)),
        nn.Sequential(*convolution(64, 128, 2), *convolution(128, 128, 1)),
        nn.Sequential(*convolution(128, 256, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    ]


_LITE = Scale((127.0,) * 3, (128.0,) * 3)
BACKBONES: Mapping[str, Backbone] = {
    "efficientnet_lite": Backbone(1472, 224, EfficientNetLite.stages, EfficientNetLite, _LITE, earlier=15),
    "vgg16": Backbone(4096, 224, _vgg16),
    "resnet50": Backbone(2048, 224, _resnet50),
    "mobilenet_v2": Backbone(1440, 224, _mobilenet, earlier=16),
    "mobilenet_v3_small": Backbone(672, 224, _mobilenet, earlier=11),
    "convnext_tiny": Backbone(768, 224, _convnext_tiny),
    "vit_b_16": Backbone(768, 224, _vit_b_16, fixed_size=True),
    "small_cnn": Backbone(256, 64, _small_cnn, nn.Module),
}


def build_trunk(
    name: str, state: Mapping[str, Tensor] | None, *, seed: int, image_size: int | None = None
) -> Trunk:
    """Build a backbone, load weights, and cut off its classifier.

    Parameters
    ----------
    name : str
        A key of `BACKBONES`.
    state : mapping or None
        State dict of the whole model (the classifier's entries are not used), or None for random
        weights drawn from ``seed``.
    image_size : int or None
        Checked where the architecture takes one size only.

    Raises
    ------
    WeightsError
        When names or shapes do not fit; says which.
    """
    backbone = BACKBONES[name]
    if backbone.fixed_size and image_size not in (None, backbone.image_size):
        raise ConfigError(
            f"{name} takes pictures of {backbone.image_size} pixels only; got image_size={image_size}."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = backbone.build() if backbone.build else torchvision.models.get_model(name, weights=None)
        trunk = Trunk(backbone, backbone.stages(model))
    if state is not None:
        used = {id(tensor) for tensor in (*trunk.parameters(), *trunk.buffers())}
        wanted = {
            key: tensor for key, tensor in model.state_dict(keep_vars=True).items() if id(tensor) in used
        }
        missing = [key for key in wanted if key not in state]
        wrong = [key for key in wanted if key in state and state[key].shape != wanted[key].shape]
        if missing or wrong:
            what = f"has no {missing[0]!r}" if missing else f"has {wrong[0]!r} of another shape"
            raise WeightsError(
                f"These weights do not fit {name}: the state dict {what}. Choose the backbone they belong to."
            )
        spoiled = next((key for key in wanted if not torch.isfinite(state[key]).all()), None)
        if spoiled:
            raise WeightsError(
                f"The weights {spoiled!r} hold values that are not numbers. Give an intact file."
            )
        model.load_state_dict({key: state[key] for key in wanted}, strict=False)
    # Twice as fast as the default layout for convolutions on a CPU.
    return trunk.to(memory_format=torch.channels_last)


def look(trunk: nn.Module, pictures: Tensor, *, views: int) -> Tensor:
    """Return the trunk's features (B, d) of pictures (B, 3, H, W), 0 to 255, with 2 views the mean with their mirror image's."""
    features: Tensor = trunk(pictures).float()
    return features if views == 1 else (features + trunk(pictures.flip(-1)).float()) / 2
