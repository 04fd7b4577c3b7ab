"""Why a photo gets a tag or loses one, in one plain sentence."""

from tagrefine_core.refinement.photo import PhotoTag

__all__ = ["reason"]


def reason(tag: PhotoTag, limit: float) -> str:
    """Tell the score of a tag against its limit.

    Parameters
    ----------
    tag : PhotoTag
        A tag of the vocabulary.
    limit : float
        Score that a tag of this state has to pass: to be added, or as the user's own, to stay.
    """
    score = f"The picture scores {tag.score:.2f} for “{tag.tag}”"
    match tag.state:
        case "added":
            return f"{score}; from {limit:.2f} on it is added. The user did not write it."
        case "removed":
            return f"{score}; below {limit:.2f} the user's own tag is removed."
        case "kept":
            return f"{score}; the user wrote it, and it stays from {limit:.2f} on."
        case _:
            return f"{score}; it would be added from {limit:.2f} on."
