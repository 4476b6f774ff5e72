"""Prompts and consent texts, from their data files into the database."""

from contributions import taxonomy
from contributions.models import ConsentText, Prompt


class TextChanged(Exception):
    """A consent text's words were changed without a new version: people agreed to other words under that name."""


def load_prompts() -> int:
    """Offer every prompt of the data files, and no longer those that left them; returns how many are offered."""
    known = [prompt for tag in taxonomy.prompt_languages() for prompt in taxonomy.prompts(tag)]
    rows = [
        Prompt(
            id=prompt.id,
            language=prompt.language,
            sentence=prompt.sentence,
            text=prompt.text,
            scene=prompt.scene,
            emotion=prompt.emotion,
            intensity=prompt.intensity,
        )
        for prompt in known
    ]
    columns = ["language", "sentence", "text", "scene", "emotion", "intensity", "is_offered"]
    Prompt.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=columns)
    Prompt.objects.exclude(pk__in=[row.pk for row in rows]).update(is_offered=False)
    return len(rows)


def load_consent_texts() -> int:
    """Add the versions that are new, originals before their translations; returns how many were added."""
    wordings = sorted(taxonomy.consent_wordings(), key=lambda wording: wording.translation_of is not None)
    return sum(add_text(wording) for wording in wordings)


def add_text(wording: taxonomy.ConsentWording) -> bool:
    """Keep one version of a text for good; raises TextChanged when its words differ from what was kept."""
    known = ConsentText.objects.filter(
        purpose=wording.purpose, language=wording.language, version=wording.version
    ).first()
    if known:
        if known.sha256 != wording.sha256:
            raise TextChanged(f"{known} was changed: give it a new version")
        return False
    original = ConsentText.objects.filter(
        purpose=wording.purpose, language=wording.translation_of, version=wording.version
    ).first()
    ConsentText.objects.create(
        purpose=wording.purpose,
        language=wording.language,
        version=wording.version,
        body=wording.body,
        sha256=wording.sha256,
        translation_of=original,
        valid_from=wording.valid_from,
        is_material_change=wording.material_change,
    )
    return True
