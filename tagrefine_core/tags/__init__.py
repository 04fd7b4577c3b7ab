"""Tags: WordNet, the paper's preprocessing, and how similar tags are."""

from tagrefine_core.tags.cooccurrence import google_distance, tag_counts
from tagrefine_core.tags.implication import Relation, implied_tags, relation
from tagrefine_core.tags.look import alike
from tagrefine_core.tags.normalization import Lemma, lemmatize, normalize
from tagrefine_core.tags.similarity import similarity_matrix, tag_distance, tag_similarity
from tagrefine_core.tags.synonyms import MergeProposal, propose_merges
from tagrefine_core.tags.vocabulary import Vocabulary, build_vocabulary
from tagrefine_core.tags.wordnet import WordNet, install, load
from tagrefine_core.tags.wordnet_similarity import SharedMeaning, explain_wordnet, wordnet_distance

__all__ = [
    "Lemma",
    "MergeProposal",
    "Relation",
    "SharedMeaning",
    "Vocabulary",
    "WordNet",
    "alike",
    "build_vocabulary",
    "explain_wordnet",
    "google_distance",
    "implied_tags",
    "install",
    "lemmatize",
    "load",
    "normalize",
    "propose_merges",
    "relation",
    "similarity_matrix",
    "tag_counts",
    "tag_distance",
    "tag_similarity",
    "wordnet_distance",
]
