"""The nouns of a clip's life, one file each."""

from contributions.models.clip import Clip
from contributions.models.consent import ConsentEvent, ConsentText, CurrentConsent, Purpose
from contributions.models.contributor import Contributor
from contributions.models.coverage import CoverageCount
from contributions.models.examination import Examination
from contributions.models.licence import Annotation, LicenceGrant
from contributions.models.prompt import Prompt, PromptDecision, PromptReport, PromptSkip
from contributions.models.rating import Rating, RatingTurn
from contributions.models.release import Release, ReleaseClip
from contributions.models.suggestion import Suggestion
from contributions.models.taking_back import TakingBack

__all__ = [
    "Annotation",
    "Clip",
    "ConsentEvent",
    "ConsentText",
    "Contributor",
    "CoverageCount",
    "CurrentConsent",
    "Examination",
    "LicenceGrant",
    "Prompt",
    "PromptDecision",
    "PromptReport",
    "PromptSkip",
    "Purpose",
    "Rating",
    "RatingTurn",
    "Release",
    "ReleaseClip",
    "Suggestion",
    "TakingBack",
]
