"""Croissant metadata of a DATASET release: what files there are, what their columns mean, and what nobody may do.

After the Croissant format specification 1.1 (MLCommons, docs.mlcommons.org/croissant) with its vocabulary for
responsible AI (rai:). The prohibited uses stand in it for machines as an ODRL policy (W3C, odrl/2), each by the id that
`use_restrictions.json` explains. Pure: the same facts give the same bytes. `mlcroissant` validates it in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contributions.taxonomy import restrictions

FILE = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
CLIPS, RATINGS = "clips.parquet", "ratings.parquet"
MEDIA_TYPES = {
    ".tar": "application/x-tar",
    ".parquet": "application/vnd.apache.parquet",
    ".jsonl": "application/jsonlines",
    ".json": "application/json",
    ".md": "text/markdown",
}
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "excludes": "cr:excludes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "readLines": "cr:readLines",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "sdVersion": "cr:sdVersion",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "unArchive": "cr:unArchive",
    "value": "cr:value",
}
# What lies in the JSON beside each sound of a shard.
IN_JSON = {
    "text": ("$.text[*]", "sc:Text", "What listeners wrote of the voice, in their own words."),
    "split": ("$.split", "sc:Text", "train, dev or test; a speaker is on one side only, in every release."),
    "speaker": ("$.speaker", "sc:Text", "A pseudonym that only this release uses."),
    "transcript": ("$.transcript", "sc:Text", "The sentence that was read, if one was."),
    "emotion": ("$.original_data.emotion", "sc:Text", "The emotion that most listeners heard."),
    "intended_emotion": ("$.original_data.intended_emotion", "sc:Text", "The emotion that the speaker was asked for."),
    "language": ("$.original_data.language", "sc:Text", "A language tag after BCP 47."),
    "sample_rate_hz": ("$.sample_rate_hz", "sc:Integer", "Samples a second."),
    "duration_seconds": ("$.duration_seconds", "sc:Float", "Length in seconds."),
}


@dataclass(frozen=True)
class Described:
    """What a release is described by: `address` is the page it has on its site, `files` are all that lie in it."""

    digest: str
    frozen_at: datetime
    address: str
    publisher: str
    figures: Mapping[str, Any]
    files: Sequence[Mapping[str, Any]]
    # Columns of the Parquet files by name, as (name, Croissant data type, is it a list).
    columns: Mapping[str, Sequence[tuple[str, str, bool]]] = field(default_factory=dict)
    gone_count: int = 0

    @property
    def name(self) -> str:
        """What the release is called wherever it is cited."""
        return f"open-empathic-{self.digest[:12]}"

    def address_of(self, file: str) -> str:
        """Where the file is fetched."""
        return f"{self.address}files/{file}"


def as_json(about: Described) -> bytes:
    """The file, readable."""
    return (json.dumps(croissant(about), indent=1, ensure_ascii=False) + "\n").encode()


def croissant(about: Described) -> dict[str, Any]:
    """The metadata as JSON-LD."""
    tags, hours = list(about.figures["languages"]), about.figures["seconds"] / 3600
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "@id": about.address,
        "conformsTo": CONFORMS_TO,
        "name": about.name,
        "description": (
            f"Emotional speech, given with consent: {about.figures['clips']} clips of {about.figures['speakers']} "
            f"speakers in {len(tags)} languages ({', '.join(tags)}), {hours:.2f} hours, each with what listeners heard."
        ),
        "url": about.address,
        "version": "1.0.0",
        "identifier": f"sha256:{about.digest}",
        "datePublished": about.frozen_at.date().isoformat(),
        "citeAs": f"Open Empathic release {about.digest}, {about.address}",
        "inLanguage": tags,
        "keywords": ["speech", "emotion", "affect", *(about.figures["emotions"])],
        "creator": {"@type": "sc:Organization", "name": about.publisher, "url": about.address},
        "publisher": {"@type": "sc:Organization", "name": about.publisher, "url": about.address},
        "license": about.address_of(restrictions.TERMS),
        "isAccessibleForFree": True,
        "conditionsOfAccess": "Sign in and accept the terms on the page of the release.",
        **usage(about),
        **responsible(about),
        "distribution": list(distribution(about)),
        "recordSet": list(record_sets(about)),
    }


def usage(about: Described) -> dict[str, Any]:
    """What nobody may do, for machines: where it is explained, and as a policy of prohibitions."""
    told, laws = about.address_of(restrictions.FILE), restrictions.as_facts()["use_restrictions"]
    return {
        "usageInfo": told,
        "odrl:hasPolicy": {
            "@type": "odrl:Set",
            "@id": f"{about.address}#terms",
            "odrl:prohibition": [
                {
                    "@type": "odrl:Prohibition",
                    "odrl:action": {"@id": f"{told}#{use['id']}"},
                    "description": " ".join([use["words"]["en"], use["law"] or ""]).strip(),
                }
                for use in laws
            ],
            "odrl:duty": [
                {
                    "@type": "odrl:Duty",
                    "odrl:action": {"@id": "odrl:delete"},
                    "description": "Delete the clips that the site's tombstone feed names, within 30 days.",
                }
            ],
        },
    }


def responsible(about: Described) -> dict[str, Any]:
    """The vocabulary for responsible AI, as far as we have something to say."""
    methods = sorted({name for each in about.figures["languages"].values() for name in each["methods"]})
    return {
        "rai:dataCollection": (
            "Volunteers speak sentences with a feeling, or tell something in their own words, in their own browser, "
            "after they have consented to each purpose apart. Licensed corpora are named in the datasheets."
        ),
        "rai:dataCollectionType": ["Direct measurement", "Others"],
        "rai:dataPreprocessingProtocol": (
            "A machine refuses what holds no speech, is clipped or cannot be decoded; people decide about the rest. "
            "Sound is kept mono as FLAC at its original rate, neither normalised nor cut."
        ),
        "rai:dataAnnotationProtocol": (
            "Listeners hear a clip blind, without a machine's guess or anybody else's answer, and say what they hear. "
            f"Labels are functions of these answers: {', '.join(methods) or 'none'}."
        ),
        "rai:dataAnnotationAnalysis": alphas(about.figures["agreement"]),
        "rai:personalSensitiveInformation": [
            "Gender, where the speaker allowed it and at least five speakers of the language share it",
            "Language",
            "A voice is biometric data: who knows it may recognise it",
        ],
        "rai:dataBiases": (
            "Who takes part chose to. Much is acted. Agreement among listeners differs between languages and feelings."
        ),
        "rai:dataLimitations": (
            "What listeners hear is not what a speaker feels. Small groups are not described, so fairness across them "
            "cannot be measured from this release alone."
        ),
        "rai:dataUseCases": "Research on how emotion is heard in speech, across languages.",
        "rai:dataSocialImpact": "See the prohibited uses; inferring feelings of people at work or at school is one.",
        "rai:dataReleaseMaintenancePlan": (
            "Speakers may withdraw at any time. Their clips are cut out of the files within a day and listed in a "
            f"signed public feed. {about.gone_count} clips have left this release so far."
        ),
    }


def alphas(agreement: Mapping[str, Any]) -> str:
    """Krippendorff's alpha of each language in one sentence."""
    told = [f"{tag} {facts['alpha']}" for tag, facts in agreement.items() if facts.get("alpha") is not None]
    return f"Krippendorff's alpha by language: {', '.join(told)}." if told else "Not known yet."


def distribution(about: Described) -> Iterator[dict[str, Any]]:
    """Every file with its digest, then what lies in the shards."""
    shards = []
    for file in about.files:
        media_type = media_type_of(file["name"])
        # A shard that had to go whole has none, and neither has this file itself.
        if media_type is None or not file.get("sha256"):
            continue
        if media_type == MEDIA_TYPES[".tar"]:
            shards.append({"@id": file["name"]})
        yield {
            "@type": "cr:FileObject",
            "@id": file["name"],
            "name": file["name"],
            "contentUrl": about.address_of(file["name"]),
            "contentSize": f"{file['byte_count']} B",
            "encodingFormat": media_type,
            "sha256": file["sha256"],
        }
    for name, encoding in (("flac", "audio/flac"), ("json", "application/json")):
        if shards:
            yield {
                "@type": "cr:FileSet",
                "@id": f"{name}-in-shards",
                "name": f"{name}-in-shards",
                "containedIn": shards,
                "encodingFormat": encoding,
                "includes": f"*.{name}",
            }


def media_type_of(name: str) -> str | None:
    """What kind of file it is; None for one that is no data."""
    return next((said for ending, said in MEDIA_TYPES.items() if name.endswith(ending)), None)


def record_sets(about: Described) -> Iterator[dict[str, Any]]:
    """The tables, and what a reader of the shards gets."""
    present = {file["name"] for file in about.files if file.get("sha256")}
    for name, columns in sorted(about.columns.items()):
        if name in present and columns:
            yield table(name, columns)
    if any(media_type_of(name) == MEDIA_TYPES[".tar"] for name in present):
        yield sounds()
        yield labels()


def table(name: str, columns: Sequence[tuple[str, str, bool]]) -> dict[str, Any]:
    """One Parquet file, a record a row."""
    of = name.partition(".")[0]
    return {
        "@type": "cr:RecordSet",
        "@id": of,
        "name": of,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{of}/{column}",
                "name": f"{of}/{column}",
                "dataType": data_type,
                **({"isArray": True, "arrayShape": "-1"} if is_list else {}),
                "source": {"fileObject": {"@id": name}, "extract": {"column": column}},
            }
            for column, data_type, is_list in columns
        ],
    }


def sounds() -> dict[str, Any]:
    """The sound of each clip, by its key."""
    return {
        "@type": "cr:RecordSet",
        "@id": "sounds",
        "name": "sounds",
        "key": {"@id": "sounds/key"},
        "field": [
            key_of("sounds", "flac"),
            {
                "@type": "cr:Field",
                "@id": "sounds/audio",
                "name": "sounds/audio",
                "description": "Mono FLAC at the original rate.",
                "dataType": "sc:AudioObject",
                "source": {"fileSet": {"@id": "flac-in-shards"}, "extract": {"fileProperty": "content"}},
            },
        ],
    }


def labels() -> dict[str, Any]:
    """What lies beside each sound, by the same key."""
    told = [
        {
            "@type": "cr:Field",
            "@id": f"labels/{name}",
            "name": f"labels/{name}",
            "description": words,
            "dataType": data_type,
            "source": {
                "fileSet": {"@id": "json-in-shards"},
                "extract": {"fileProperty": "content"},
                "transform": {"jsonPath": path},
            },
        }
        for name, (path, data_type, words) in IN_JSON.items()
    ]
    key = {**key_of("labels", "json"), "references": {"field": {"@id": "sounds/key"}}}
    return {"@type": "cr:RecordSet", "@id": "labels", "name": "labels", "field": [key, *told]}


def key_of(of: str, ending: str) -> dict[str, Any]:
    """The part of a member's name before its ending, which the sound and its labels share."""
    return {
        "@type": "cr:Field",
        "@id": f"{of}/key",
        "name": f"{of}/key",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": f"{ending}-in-shards"},
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": rf"^(.+)\.{ending}$"},
        },
    }
