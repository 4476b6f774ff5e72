"""The nouns of a clip's life, one file each."""

from contributions.models.clip import Clip
from contributions.models.coming_back import CheckpointNews, Goal
from contributions.models.consent import ConsentEvent, ConsentText, CurrentConsent, Purpose
from contributions.models.contributor import Contributor
from contributions.models.coverage import CoverageCount
from contributions.models.download import Dataset, ReleaseDownload, ReleaseNews, ReleaseOrder
from contributions.models.examination import Examination
from contributions.models.example import ExampleHeard, PromptExample
from contributions.models.fingerprint import Fingerprint, FingerprintKey
from contributions.models.gold import GoldItem, ListenerPass, TutorialAnswer
from contributions.models.label import ClipLabel, Figure, RaterStanding
from contributions.models.language import (
    LanguageDecision,
    ListeningDecision,
    NativeSpeaker,
    SentenceConfirmation,
    SentenceRepair,
)
from contributions.models.licence import Annotation, LicenceGrant
from contributions.models.need import ListeningNeed
from contributions.models.prompt import Prompt, PromptDecision, PromptReport, PromptSkip, StyleSkip
from contributions.models.rating import Arm, Rating, RatingTurn, RatingVoid
from contributions.models.release import Release, ReleaseClip, SentenceSide
from contributions.models.report import ClipReport, ReportAnswer
from contributions.models.rule import RulesVersion
from contributions.models.self_report import SelfReport
from contributions.models.suggestion import Suggestion
from contributions.models.taking_back import TakingBack
from contributions.models.variety import Variety
from contributions.models.verdict import Verdict
from contributions.models.void import RaterPause, VoidOrder

__all__ = [
    "Annotation",
    "Arm",
    "CheckpointNews",
    "Clip",
    "ClipLabel",
    "ClipReport",
    "ConsentEvent",
    "ConsentText",
    "Contributor",
    "CoverageCount",
    "CurrentConsent",
    "Dataset",
    "Examination",
    "ExampleHeard",
    "Figure",
    "Fingerprint",
    "FingerprintKey",
    "Goal",
    "GoldItem",
    "LanguageDecision",
    "LicenceGrant",
    "ListenerPass",
    "ListeningDecision",
    "ListeningNeed",
    "NativeSpeaker",
    "Prompt",
    "PromptDecision",
    "PromptExample",
    "PromptReport",
    "PromptSkip",
    "Purpose",
    "RaterPause",
    "RaterStanding",
    "Rating",
    "RatingTurn",
    "RatingVoid",
    "Release",
    "ReleaseClip",
    "ReleaseDownload",
    "ReleaseNews",
    "ReleaseOrder",
    "ReportAnswer",
    "RulesVersion",
    "SelfReport",
    "SentenceConfirmation",
    "SentenceRepair",
    "SentenceSide",
    "StyleSkip",
    "Suggestion",
    "TakingBack",
    "TutorialAnswer",
    "Variety",
    "Verdict",
    "VoidOrder",
]
