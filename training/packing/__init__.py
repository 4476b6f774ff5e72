"""Sound packed once for training: 16 kHz int16 samples, one after another, beside an index.

A run reads samples and decodes nothing. A packing, of a release or of a corpus, is whole or absent: it is made in a
folder beside its place, everything checked on the way, and renamed when it is done.
"""

from training.packing.clips import SAMPLE_RATE_HZ, Clips, PackedClip
from training.packing.corpora import pack_corpus, pack_named
from training.packing.decoding import Undecodable, decoded
from training.packing.packed import INDEX, SAMPLES, Joined, Packed, Unpackable, canonical, erase, joined
from training.packing.releases import FORMATS, flac_decoded, pack

__all__ = [
    "FORMATS",
    "INDEX",
    "SAMPLES",
    "SAMPLE_RATE_HZ",
    "Clips",
    "Joined",
    "Packed",
    "PackedClip",
    "Undecodable",
    "Unpackable",
    "canonical",
    "decoded",
    "erase",
    "flac_decoded",
    "joined",
    "pack",
    "pack_corpus",
    "pack_named",
]
