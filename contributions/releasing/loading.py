"""How a release is loaded once its files lie in a folder: a few lines for each reader, as its page shows them.

The tests run these very lines, in a folder that holds what was downloaded.
"""

WEBDATASET = """\
import glob
import json

import webdataset

shards = sorted(glob.glob("shards/*.tar"))
for clip in webdataset.WebDataset(shards, shardshuffle=False):
    told = json.loads(clip["json"])
    print(clip["__key__"], told["split"], told["labels"]["emotion"], len(clip["flac"]), "bytes")
"""
DATASETS = """\
from datasets import Features, Json, Value, load_dataset

told = Features({"__key__": Value("string"), "__url__": Value("string"), "flac": Value("binary"), "json": Json()})
clips = load_dataset("webdataset", data_files="shards/*.tar", features=told, split="train", streaming=True)
for clip in clips.filter(lambda clip: clip["json"]["split"] == "test"):
    print(clip["__key__"], clip["json"]["labels"]["emotion"], len(clip["flac"]), "bytes")
"""
PARQUET = """\
import pyarrow.parquet

clips = pyarrow.parquet.read_table("clips.parquet")
print(clips.num_rows, clips.column_names)
"""
# What stands before each on the page, and the lines themselves.
READERS = (("webdataset", WEBDATASET), ("datasets", DATASETS), ("pyarrow", PARQUET))
