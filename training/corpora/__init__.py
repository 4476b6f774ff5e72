"""Corpora of emotional speech that we know how to read: one module a corpus, and their frozen splits beside them."""

from training.corpora.labelled import Adapter, Fold, IncompleteCorpus, LabelledClip, NoCorpus, Voiced

__all__ = ["Adapter", "Fold", "IncompleteCorpus", "LabelledClip", "NoCorpus", "Voiced"]
