"""The annotation network phi: backbone, feature layer, one probability for each tag."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from tagrefine_core.features.backbones import look
from tagrefine_core.features.dropout import Dropout

__all__ = ["Network"]


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
        Hidden width of the learned feature layer, a residual ``v + W2 relu(W1 v)`` that starts as the identity.
        It lets features, and with them the neighbors, learn while the trunk is frozen. 0: none.
    dropout : float
        Rate between feature and classifier.
    normalize : bool
        Scale features to length sqrt(d), so that Euclidean neighbors are cosine neighbors and the learning rate
        means the same for every backbone.
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
        adapter: int,
        dropout: float,
        normalize: bool,
        views: int = 1,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.normalize = normalize
        self.views = views
        # What all photos share; zero until `set_center`.
        self.register_buffer("center", torch.zeros(dimensions))
        self.adapter = (
            nn.Sequential(nn.Linear(dimensions, adapter), nn.ReLU(), nn.Linear(adapter, dimensions))
            if adapter
            else None
        )
        self.dropout = Dropout(dropout)
        self.classifier = nn.Linear(dimensions, tags)

    def initialize(self, prior: Tensor, generator: torch.Generator) -> None:
        """Set the new layers: classifier bias to the tags' own rates (C,), adapter to the identity."""
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

    def set_center(self, blocks: Iterable[Tensor]) -> None:
        """Subtract from now on the mean feature of the inputs in these blocks (B, ...)."""
        with torch.no_grad():
            self.center.zero_()
            self.center.copy_(torch.cat([self._given(x) for x in blocks]).mean(dim=0))

    def features(self, x: Tensor) -> Tensor:
        """Return the features v (B, d) in which neighbors are measured."""
        v = self._given(x)
        if self.adapter is not None:
            v = v + self.adapter(v)
        return v

    def _given(self, x: Tensor) -> Tensor:
        views = 1 if self.training else self.views
        v = x.float() if self.trunk is None else look(self.trunk, x, views=views)
        if self.normalize:
            v = functional.normalize(v, dim=1) * v.shape[1] ** 0.5
        return v - self.center

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, C) and features (B, d); probabilities are the logits' sigmoid."""
        v = self.features(x)
        return self.classifier(self.dropout(v)).float(), v

    def set_step(self, seed: int, *, start: int, total: int) -> None:
        """Tell every dropout which step this is and which rows of the whole batch it will see."""
        for number, module in enumerate(self._dropouts()):
            module.seed, module.start, module.total = seed + number, start, total

    def _dropouts(self) -> Iterator[Dropout]:
        return (module for module in self.modules() if isinstance(module, Dropout))
