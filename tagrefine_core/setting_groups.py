"""The groups of settings: of each setting what it takes, its default, and a sentence for somebody who has not read the paper."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ConstraintsSettings",
    "Group",
    "NeighborsSettings",
    "NetworkSettings",
    "OptimizerSettings",
    "Phi0Settings",
    "RunSettings",
    "ScoringSettings",
]


class Group(BaseModel):
    """Settings that belong together: frozen, validated, unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NetworkSettings(Group):
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
    ] = Field(
        "efficientnet_lite",
        description="ready-made network that looks at the photos (backbone); larger ones see more and take longer",
    )
    weights: str = Field(
        "imagenet",
        description="what the network knows at the start: 'imagenet' (has seen a million photos), 'none', or a file of weights (state dict)",
    )
    finetune: str = Field(
        "head",
        pattern=r"^(head|all|blocks:[1-9]\d*)$",
        description="what of the network may change: head (only the new layers, quick), blocks:K (its last K blocks, too) or all",
    )
    image_size: int | None = Field(
        None,
        ge=32,
        le=1024,
        description="side of the pictures that the network sees, in pixels; None: what it was made for. Larger sees more and takes longer",
    )
    views: int = Field(
        1,
        ge=1,
        le=2,
        description="2: look at each photo and its mirror image and take the mean, a little better and twice as slow",
    )
    augment: bool = Field(
        True,
        description="cut and mirror pictures at random while the network learns, so that it does not learn them by heart",
    )
    power: float = Field(
        1.0,
        gt=0,
        le=1,
        description="what the network sees, to this power: below 1, what it sees seldom and strongly counts less; 1: as it is",
    )
    normalize: bool = Field(
        True,
        description="give all features one length, so that photos are alike by what they show, not by how strongly",
    )
    center: bool = Field(
        False, description="take off what all photos have in common, which drowns what sets them apart"
    )
    adapter: int | None = Field(
        None,
        ge=0,
        description="width of a layer that learns between network and tags; 0: none; None: 256, or 0 where the network itself learns",
    )
    projection: int = Field(
        0,
        ge=0,
        description="length of features learned only to find look-alikes; 0: look-alikes are found by what tags are told from",
    )
    dropout: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="share of what the network sees that is left out at random while it learns, against learning by heart",
    )


class OptimizerSettings(Group):
    """How weights move, in both stages."""

    algorithm: Literal["sgd", "adamw"] = Field(
        "sgd",
        description="rule by which weights move; sgd, with momentum .9, is the paper's, adamw needs less tuning",
    )
    schedule: Literal["step", "onecycle", "constant"] = Field(
        "onecycle",
        description="how learning rates change: onecycle rises and falls, step falls to a tenth every ten passes, constant stays",
    )
    lr_backbone: float = Field(
        0.1,
        ge=0,
        description="how fast the ready-made network learns, as a multiple of the new layers' rate; below 1 keeps what it knows",
    )
    weight_decay: float = Field(
        5e-4, ge=0, description="pull of all weights towards 0, against learning by heart; 0: none"
    )
    average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="keep an average of the weights over the last steps, calmer than the last ones; nearer 1: over more; 0: none",
    )


class Phi0Settings(Group):
    """Stage 1: the users' tags alone."""

    epochs: int = Field(12, ge=0, description="how often all photos pass in stage 1; 0: no such stage")
    lr: float = Field(
        0.01,
        gt=0,
        description="length of the steps in stage 1: too high does not settle, too low does not get far",
    )


class NeighborsSettings(Group):
    """Batches of anchors and their look-alikes (Algorithm 1)."""

    s: int = Field(
        64, ge=1, description="photos that one step learns from, in both stages; a multiple of neighbors.m"
    )
    m: int = Field(
        8, ge=2, description="photos of a group: one and its m-1 nearest look-alikes, which learn together"
    )
    M: int = Field(
        512,
        ge=1,
        description="look-alikes from which a photo's neighbors are chosen at every step; found once, before stage 2",
    )
    refresh: Literal["exact", "shortlist", "bank", "static", "random"] = Field(
        "bank",
        description="how the nearest candidates are found while features change: exact (slow), shortlist, bank (kept features, quick), static (never again), random (any photos, to compare with)",
    )


class ConstraintsSettings(Group):
    """Stage 2: the terms of eq. 1, one that shapes features, and an anchor."""

    epochs: int = Field(12, ge=0, description="how often all photos pass in stage 2; 0: no such stage")
    steps: int | None = Field(
        None,
        ge=1,
        description="most steps of stage 2: on many photos fewer passes are made, at least one; None: all passes",
    )
    lr: float = Field(
        0.01,
        gt=0,
        description="length of the steps in stage 2: too high does not settle, too low does not get far",
    )
    lambda_vis: float = Field(
        1.0, ge=0, description="weight of “look-alike photos have like tags” (L_vis); 1 in the paper, 0: off"
    )
    lambda_nbr: float = Field(
        0.0,
        ge=0,
        description="weight of “photos with like tags come near” (L_nbr, not in the paper): with it features learn who is alike; 0: off",
    )
    lambda1: float = Field(
        1.0, ge=0, description="weight of “tags that go together come together” (L_sem); 0: off"
    )
    lambda2: float = Field(0.1, ge=0, description="weight of “people make few errors” (L_err); 0: off")
    eta: float = Field(
        1.0,
        ge=0,
        description="weight of the users' own tags in stage 2 (not in the paper), which holds the network to them; 0: off",
    )
    reduction: Literal["per_image", "literal"] = Field(
        "per_image",
        description="whether two terms are means over photos or sums as the paper prints them (literal), which weigh more the larger a batch is",
    )
    alpha: float = Field(
        0.5,
        ge=0,
        description="how much the meaning of tags (WordNet) counts beside their use when tags are compared (eq. 4); 0: use alone",
    )
    implied: float = Field(
        0.0,
        ge=0,
        le=1,
        description="how far a tag counts for what it implies, as daisy does for flower; 0: not at all, 1: as if both were written",
    )


class ScoringSettings(Group):
    """From trained networks to scores."""

    crossfit: int = Field(
        1,
        ge=1,
        le=20,
        description="split photos into so many parts, and judge each by what was learned from the others, so that no tag is judged by itself; 1: no split",
    )
    closed_form: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the last layer that is solved for exactly rather than learned step by step; 1: all of it",
    )
    prototype: float = Field(
        0.0,
        ge=0,
        le=1,
        description="in the exact last layer, share of each tag's mean photo, which steadies rare tags; the rest is least squares",
    )
    smooth: float = Field(
        0.0, ge=0, lt=1, description="how much a photo's tags lean on those of its look-alikes; 0: not at all"
    )
    calibrated: bool = Field(
        False,
        description="scores say how likely a tag fits, rather than how likely somebody writes it: people leave out most that fits",
    )
    evidence: float = Field(
        0.0, ge=0, description="how much it counts for a tag that the photo's user wrote it; 0: not at all"
    )


class RunSettings(Group):
    """Which photos, which machine, what is kept."""

    train_fraction: float = Field(
        0.2,
        gt=0,
        lt=1,
        description="for the task of tagging new photos: part of the photos to learn from; the others are tagged",
    )
    part: int = Field(
        0,
        ge=0,
        description="for the task of tagging new photos: which part to learn from; no two share a photo",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="what computes; auto: a GPU where there is one"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="of numbers: bfloat16 is quicker on new GPUs, float32 exact; auto: what the device does best",
    )
    validation: float = Field(
        0.1,
        ge=0,
        lt=0.5,
        description="share of the photos watched with ground truth while it learns; only to look at, nothing is learned from it",
    )
    trace: bool = Field(
        True, description="record the look-alikes of all photos while it learns, for the page Neighbors"
    )
    checkpoint_seconds: float = Field(
        60.0,
        gt=0,
        description="after so many seconds the state is saved, so that a run that was stopped can go on",
    )
