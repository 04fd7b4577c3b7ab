"""Tasks, measures and methods in one sentence each, for somebody who has read none of the papers."""

__all__ = [
    "EQUAL_TERMS",
    "EXPLAINED",
    "HANDED_OUT",
    "METHODS",
    "TASKS",
    "VARIANTS",
    "on_equal_terms",
    "sentence",
    "title_words",
]

TASKS = {
    "refinement": ("Clean up given tags", "All photos have tags from people; each method says which of them fit."),
    "annotation": (
        "Tag new photos",
        "Each method learns from a fifth of the photos and tags all others without seeing their tags.",
    ),
}  # fmt: skip
"""Task to its name and a sentence."""

EXPLAINED = {
    "miap": ("MiAP", "For one photo: do the tags that fit it stand at the top of its list?"),
    "map": ("mAP", "For one tag: do the photos that show it stand at the top of its list?"),
    "micro_auc": (
        "MicroAUC",
        "Of a right and a wrong pair of photo and tag: how often does the right one score higher?",
    ),
    "macro_auc": (
        "MacroAUC",
        "The same within one tag at a time, so that rare tags count as much as frequent ones.",
    ),
}
"""Measure to its name and a sentence."""

HANDED_OUT = {
    "f1_micro": (
        "Agreement (F1)",
        "How far the tags handed out are the true ones: both a wrong tag and a missing one cost. 1 is perfect.",
    ),
    "added_precision": ("right", "Of the tags that were added, the share that fits."),
    "added_recall": ("found", "Of the tags that fit and that nobody had written, the share that was added."),
    "added_per_photo": ("a photo", "How many tags were added to a photo, on average."),
    "removed_precision": ("right", "Of the tags that were removed, the share that did not fit."),
    "removed_recall": (
        "found",
        "Of the tags that people wrote and that do not fit, the share that was removed.",
    ),
    "ece_pooled": (
        "off by",
        "How far its probabilities are from how often it is right, on average (calibration error). 0 is perfect.",
    ),
}
"""Measure of the tags that are handed out to its name, below a group's, and a sentence."""

METHODS = {
    "random_guess": "Draws tags by lot: the least that any method has to beat.",
    "user_tags": "Takes the tags as people gave them, and changes nothing.",
    "knn": "Takes the tags of the photos that look most alike.",
    "tag_vote": "Lets look-alike photos vote, and takes off what a tag gets everywhere.",
    "tagprop": "Lets look-alike photos vote, and learns how much the nearer ones count.",
    "tag_cooccur": "Trusts a tag that often stands beside the photo's other tags; never looks at the picture.",
    "semantic_field": "Trusts a tag whose meaning is near that of the photo's other tags.",
    "tag_ranking": "Orders a photo's tags by how typical the photo is for each, then by how the tags support each other.",
    "tag_feature": "Learns one classifier for each tag, with tags added to the features.",
    "tag_example": "Learns one classifier for each tag from well-chosen right and wrong examples.",
    "cca": "Finds directions in which pictures and tags vary together.",
    "kcca": "The same with curved directions, then look-alike photos vote.",
    "nmf": "Explains pictures and tags by a few common parts that only add up.",
    "wdnl": "Several layers of such parts, held to few dimensions and to what looks alike.",
    "wdmf": "Several layers of common parts that respect look-alike photos and tags.",
    "rpca": "Splits the tags into a simple pattern and few errors, and keeps the pattern.",
    "ridge": "Weighs what the network below sees, for each tag on its own: our last step, alone.",
    "multi_cnn": "Trains a network on the users' tags as if they were right.",
    "phi0": "The same with the settings that ours began with, nothing of it tuned.",
    "paper": "The paper’s model as printed, but for the network below, which does not learn here.",
    "paper+bce": "The same, held to the users’ tags all the way.",
    "tagrefine": "Ours: a network that also listens to look-alike photos, related tags and the chance of errors.",
    "tagrefine_tuned": "Ours, with settings chosen by the same rules as those of every other method.",
}

EQUAL_TERMS = (
    "It learns from our targets (a tag counts for those that it implies), and what it says goes through our last steps: look-alike"
    " photos, how seldom people write a tag, and what they wrote."
)
"""What a plus behind a method's name means."""

VARIANTS = {
    "weights=distance": "weighs by distance",
    "visual=true": "looks at the picture, too",
    "crossfit=5": "judges photos it has not learned from",
    "variant=direct": "without look-alike photos",
}
"""What makes a variant of a method, and what the pages call it."""


def title_words(title: str) -> str:
    """Return a method's title with what makes it a variant in words.

    >>> title_words("CCA (variant=direct)")
    'CCA (without look-alike photos)'
    """
    name, _, variant = title.partition(" (")
    words = VARIANTS.get(variant.removesuffix(")"))
    return f"{name} ({words})" if words else title


def on_equal_terms(method: str) -> bool:
    """Tell whether a method is one that got our targets and our scoring: ``knn+``, but not ``paper+bce``."""
    return method.split(":")[0].endswith("+")  # no method's own name does


def sentence(method: str, reference: str = "") -> str:
    """Return what a method, or what a variant is of, does; for one that is not known here, where it comes from."""
    plain = method.split(":")[0].removesuffix("+")
    words = METHODS.get(plain, reference or "A method of your own.")
    return f"{words} {EQUAL_TERMS}" if on_equal_terms(method) else words
