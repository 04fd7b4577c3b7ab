"""Photos as features, with words that WordNet knows: what the method is tried on without any picture."""

import numpy as np
import scipy.sparse as sp
import torch

from tagrefine_core.features.inputs import FeatureInputs
from tagrefine_core.settings import train_config
from tagrefine_core.training.fit import held_out_parts
from tagrefine_core.training.forward import seen, told

WORDS = ("boy", "people", "puppy", "dog", "turkey", "bird")
BOY, PEOPLE, PUPPY, DOG, TURKEY, BIRD = range(6)
CPU = torch.device("cpu")


def photos(n=72, d=12, seed=0):
    """Portraits, dogs, birds, and a country that is named like one: features float32 (n, d), tags csr (n, 6)."""
    generator = np.random.default_rng(seed)
    kind = np.arange(n) % 4
    features = np.eye(4, d)[kind] + 0.2 * generator.normal(size=(n, d)) + 0.5
    tags = np.zeros((n, 6), dtype=np.uint8)
    portraits, dogs, birds, country = (np.flatnonzero(kind == k) for k in range(4))
    tags[portraits[::2], BOY] = tags[portraits[1::2], PEOPLE] = 1
    tags[dogs, DOG] = tags[dogs[::2], PUPPY] = 1
    tags[birds, BIRD] = tags[country, TURKEY] = 1
    # Some are missing and some are wrong.
    flipped = generator.random(tags.shape) < 0.05
    return features.astype(np.float32), sp.csr_matrix(np.where(flipped, 1 - tags, tags).astype(np.uint8))


def inputs_of(features):
    return FeatureInputs(features, CPU)


def logits_of(network, features, config):
    v, _ = seen(network, inputs_of(features).read(np.arange(len(features))), config)
    return told(network, v, config).numpy()


def answered_for_by_who_has_not_seen(model, features):
    """Assert that logits of each part are those of the network of that part, and of no other."""
    for number, part in enumerate(held_out_parts(len(features), model.config)):
        for other, network in enumerate(model.networks):
            apart = np.abs(logits_of(network, features[part], model.config) - model.logits[part])
            assert (apart.max() < 1e-4) == (other == number)


QUICK = {"neighbors.s": 32, "neighbors.m": 4, "neighbors.M": 16, "run.device": "cpu"}


def everything_on(**settings):
    """Preset default as it is, with batches that these few photos fill more than once."""
    return train_config("default").replaced({**QUICK, **settings})


IN_STEPS = {
    "network.adapter": 256,
    "network.projection": 0,
    "network.dropout": 0.5,
    "optimizer.algorithm": "sgd",
    "optimizer.weight_decay": 0.1,
    "optimizer.average": 0.99,
    "phi0.epochs": 5,
    "phi0.lr": 0.001,
    "constraints.epochs": 2,
    "constraints.lr": 0.0002,
    "constraints.lambda_vis": 10.0,
    "constraints.lambda_nbr": 0.0,
    "constraints.lambda1": 100.0,
    "constraints.lambda2": 0.02,
    "constraints.eta": 1.0,
    "scoring.crossfit": 5,
    "scoring.closed_form": 0.75,
}


def in_steps(**settings):
    """A network for each part, whose layers all learn by gradient steps of both stages."""
    return everything_on(**{**IN_STEPS, **settings})
