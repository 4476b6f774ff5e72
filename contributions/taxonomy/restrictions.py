"""What nobody may do with what comes from here, as it travels with every release: in words and for machines.

Needs no Django: the same list stands on the terms page, beside each manifest and, through the release that a model
learnt from, in each model card.
"""

from __future__ import annotations

import json
from typing import Any

from contributions import taxonomy

FORMAT = "openempathic-use-restrictions/1"
FILE, TERMS = "use_restrictions.json", "TERMS.md"
TITLES = {
    "en": "What nobody may do with this",
    "es": "Lo que nadie puede hacer con esto",
    "ar": "ما لا يجوز لأحد فعله بهذا",
    "de": "Was niemand hiermit tun darf",
    "fr": "Ce que personne ne peut faire avec ceci",
    "pl": "Czego nikomu nie wolno z tym robić",
    "hi": "इसके साथ क्या कोई नहीं कर सकता",
    "sw": "Kile ambacho hakuna anayeruhusiwa kufanya na hiki",
}


def ids() -> list[str]:
    """The prohibited uses by their stored names, in their order."""
    return [use.id for use in taxonomy.prohibited_uses()]


def as_facts() -> dict[str, Any]:
    """The list for machines, with its words in every language it is written in."""
    uses = [{"id": use.id, "words": use.words, "law": use.law} for use in taxonomy.prohibited_uses()]
    return {"format": FORMAT, "use_restrictions": uses}


def as_json() -> bytes:
    """The file beside a manifest or a checkpoint."""
    return (json.dumps(as_facts(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def as_terms() -> bytes:
    """The file for people: the list in every language, each use with the id that machines know it by."""
    parts = [f"# {title}\n\n{listed(tag, with_ids=True)}\n" for tag, title in TITLES.items()]
    return "\n".join(parts).encode()


def listed(tag: str, *, with_ids: bool = False) -> str:
    """The list in one language as Markdown; raises NotWritten where it is not written in that."""
    return "\n".join(line(use, tag, with_ids=with_ids) for use in taxonomy.prohibited_uses())


def line(use: taxonomy.ProhibitedUse, tag: str, *, with_ids: bool) -> str:
    """One use as an item of a list."""
    if tag not in use.words:
        raise taxonomy.NotWritten(f"{use.id} in {tag}")
    named = f"`{use.id}`: " if with_ids else ""
    return f"- {named}{use.words[tag]}" + (f" ({use.law})" if use.law else "")
