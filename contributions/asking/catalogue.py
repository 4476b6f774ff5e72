"""Prompts and consent texts, from their data files into the database."""

from contributions import taxonomy
from contributions.asking import offering, sentences
from contributions.models import ConsentText, Prompt


class TextChanged(Exception):
    """A consent text's words were changed without a new version: people agreed to other words under that name."""


def load_prompts() -> int:
    """Bring every prompt of the data files, and offer those that no curator stopped; returns how many are offered.

    What native speakers repaired stays repaired while the file's own words are the ones that they read.
    """
    rows = [row for tag in taxonomy.prompt_languages() for row in written_prompts(tag)]
    sentences.apply_repairs(rows)
    columns = ["kind", "language", "sentence", "text", "scene", "emotion", "intensity"]
    Prompt.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=columns)
    return offering.settle()


def written_prompts(tag: str) -> list[Prompt]:
    """Every prompt of a language as the data file has it; not saved."""
    acted = [as_row(prompt) for prompt in taxonomy.prompts(tag)]
    return acted + [as_invitation(invitation) for invitation in taxonomy.own_words(tag)]


def as_row(prompt: taxonomy.Prompt) -> Prompt:
    """A sentence to act."""
    return Prompt(
        id=prompt.id,
        kind=Prompt.Kind.ACTED,
        language=prompt.language,
        sentence=prompt.sentence,
        text=prompt.text,
        scene=prompt.scene,
        emotion=prompt.emotion,
        intensity=prompt.intensity,
    )


def as_invitation(invitation: taxonomy.OwnWords) -> Prompt:
    """Something to tell: how strongly it is felt is nobody's to ask for."""
    return Prompt(
        id=offering.own_words_id(invitation),
        kind=Prompt.Kind.OWN_WORDS,
        language=invitation.language,
        sentence=f"tell-{invitation.slug}",
        text=invitation.text,
        emotion=invitation.emotion,
    )


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
