"""The annotation network phi: backbone, feature layer, one probability for each tag."""

import copy
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from tagrefine_core.features.backbones import look
from tagrefine_core.features.dropout import Dropout

__all__ = ["Network"]

_LEAST = 1e-6  # of an entry's size: below 1 the slope of a power has no bound at 0


class Network(nn.Module):
    """phi of the paper.

    Parameters
    ----------
    trunk : nn.Module or None
        Maps pictures (B, 3, H, W) to features (B, d). None: the input already is features of a frozen trunk.
    dimensions : int
        d.
    tags : int
        C.
    adapter : int
        Hidden width of the learned feature layer, a residual ``v + W2 relu(W1 v)`` that starts as the identity. 0: none.
    projection : int
        k, the length of the learned features in which neighbors are measured: a linear map of v, at length 1. The classifier
        reads v all the same. 0: neighbors are measured in v.
    dropout : float
        Rate between v and what reads it: classifier and projection.
    normalize : bool
        Scale features to length sqrt(d), so that the learning rate means the same for every backbone, and measure neighbors at
        length 1: Euclidean neighbors are cosine neighbors.
    power : float
        Features to this power first, their sign kept.
    views : {1, 2}
        2: in use, not in training, a picture is also seen mirrored, and the two trunk features are averaged.
    """

    center: Tensor

    def __init__(
        self,
        trunk: nn.Module | None,
        *,
        dimensions: int,
        tags: int,
        adapter: int = 0,
        projection: int = 0,
        dropout: float,
        normalize: bool,
        power: float = 1.0,
        views: int = 1,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.normalize = normalize
        self.power = power
        self.views = views
        # What all photos share; zero until `set_center`.
        self.register_buffer("center", torch.zeros(dimensions))
        self.adapter = (
            nn.Sequential(nn.Linear(dimensions, adapter), nn.ReLU(), nn.Linear(adapter, dimensions))
            if adapter
            else None
        )
        self.projection = nn.Linear(dimensions, projection, bias=False) if projection else None
        self.dropout = Dropout(dropout)
        self.classifier = nn.Linear(dimensions, tags)

    def initialize(self, prior: Tensor, generator: torch.Generator) -> None:
        """Set the new layers: classifier bias to the tags' own rates (C,), adapter to the identity, projection at random."""
        with torch.no_grad():
            self.classifier.weight.normal_(0.0, 1e-3, generator=generator)
            self.classifier.bias.copy_(torch.logit(prior, eps=1e-4))
            if self.adapter is not None:
                first, last = self.adapter[0], self.adapter[2]
                assert isinstance(first, nn.Linear) and isinstance(last, nn.Linear)
                first.weight.normal_(0.0, first.in_features**-0.5, generator=generator)
                first.bias.zero_()
                last.weight.zero_()
                last.bias.zero_()
            if self.projection is not None:
                # A random projection keeps distances, nearly (Johnson and Lindenstrauss 1984).
                scale = self.projection.in_features**-0.5
                self.projection.weight.normal_(0.0, scale, generator=generator)

    def set_center(self, blocks: Iterable[Tensor]) -> None:
        """Subtract from now on the mean feature of the inputs in these blocks (B, ...)."""
        with torch.no_grad():
            self.center.zero_()
            self.center.copy_(torch.cat([self.uncentered(x) for x in blocks]).mean(dim=0))

    @property
    def width(self) -> int:
        """Length of the features in which neighbors are measured."""
        return self.classifier.in_features if self.projection is None else self.projection.out_features

    def backbone(self, x: Tensor) -> Tensor:
        """Return what the trunk says (B, d) of inputs (B, ...), as it is."""
        views = 1 if self.training else self.views
        return x.float() if self.trunk is None else look(self.trunk, x, views=views)

    def uncentered(self, x: Tensor) -> Tensor:
        """Return the trunk's features (B, d) of inputs (B, ...) to their power; at length sqrt(d) where ``normalize``."""
        return self._scaled(self.backbone(x))

    def represent(self, x: Tensor) -> Tensor:
        """Return v (B, d) of inputs (B, ...), what the classifier reads."""
        return self.above(self.backbone(x))

    def above(self, given: Tensor) -> Tensor:
        """Return v (B, d) of what the trunk says (B, d)."""
        v = self._scaled(given) - self.center
        return v if self.adapter is None else v + self.adapter(v)

    def project(self, v: Tensor) -> Tensor:
        """Return the features (B, k) in which neighbors are measured, of v (B, d)."""
        if self.projection is None and not self.normalize:
            return v.float()
        return functional.normalize((v if self.projection is None else self.projection(v)).float(), dim=1)

    def forward(self, x: Tensor, *, classify: bool = True) -> tuple[Tensor, Tensor]:
        """Return logits (B, C), whose sigmoid are the probabilities, and features (B, k) in which neighbors are measured.

        Without ``classify`` there are no logits, (B, 0).
        """
        v = self.represent(x)
        seen = self.dropout(v)
        # Without a projection features are v, and nothing is dropped from them.
        logits = self.classifier(seen).float() if classify else seen.new_zeros(len(seen), 0)
        return logits, self.project(v if self.projection is None else seen)

    def with_last(self, weight: Tensor, bias: Tensor) -> "Network":
        """Return a network with another last layer (C, d), (C,), which shares everything below it with this one."""
        shared = [self.center, *(part for name, part in self.named_children() if name != "classifier")]
        other = copy.deepcopy(self, {id(part): part for part in shared})
        with torch.no_grad():
            other.classifier.weight.copy_(weight)
            other.classifier.bias.copy_(bias)
        return other

    def set_step(self, seed: int, *, start: int, total: int) -> None:
        """Tell every dropout which step this is and which rows of the whole batch it will see."""
        for number, module in enumerate(self._dropouts()):
            module.seed, module.start, module.total = seed + number, start, total

    def _scaled(self, v: Tensor) -> Tensor:
        if self.power != 1:
            v = v.sign() * v.abs().clamp(min=_LEAST) ** self.power
        return functional.normalize(v, dim=1) * v.shape[1] ** 0.5 if self.normalize else v

    def _dropouts(self) -> Iterator[Dropout]:
        return (module for module in self.modules() if isinstance(module, Dropout))
