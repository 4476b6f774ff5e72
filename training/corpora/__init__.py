"""Corpora of emotional speech that we know how to read: one module a corpus, and their frozen splits beside them."""

from training.corpora import cremad, emns, emodb, emovdb, folder, iemocap, nemo, polish_speech_emotions, ravdess
from training.corpora.labelled import Adapter, Fold, IncompleteCorpus, LabelledClip, NoCorpus, Voiced

ADAPTERS: dict[str, Adapter] = {
    "cremad": cremad,
    "emns": emns,
    "emodb": emodb,
    "emovdb": emovdb,
    "folder": folder,
    "iemocap": iemocap,
    "nemo": nemo,
    "polish_speech_emotions": polish_speech_emotions,
    "ravdess": ravdess,
}

__all__ = ["ADAPTERS", "Adapter", "Fold", "IncompleteCorpus", "LabelledClip", "NoCorpus", "Voiced"]
