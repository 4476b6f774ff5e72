"""Addresses of everything from consent to rating."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

from contributions.api import docs, sound
from contributions.views import (
    about_me,
    contributing,
    farewell,
    guests,
    home,
    my_archive,
    my_clips,
    plain_pages,
    receipts,
    reviewing,
    tombstones,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("privacy/", plain_pages.privacy, name="privacy"),
    path("terms/", plain_pages.terms, name="terms"),
    path("retention/", plain_pages.retention, name="retention"),
    path("how-a-machine-listens/", plain_pages.machine_notice, name="machine-notice"),
    path("contribute/", contributing.choose_language, name="choose-language"),
    path("contribute/as/", guests.take_part, name="take-part"),
    path("guest/", guests.open_code, name="guest"),
    path("guest/code/", guests.code, name="guest-code"),
    path("guest/code.txt", guests.code_file, name="guest-code-file"),
    path("guest/claim/", guests.claim, name="guest-claim"),
    path("guest/leaving/", guests.leave, name="guest-leave"),
    path("contribute/consent/", contributing.give_consent, name="consent"),
    path("contribute/consent/receipt/", receipts.receipt, name="receipt"),
    path("contribute/consent/receipt.json", receipts.receipt_json, name="receipt-json"),
    path("contribute/about-me/", about_me.about_me, name="about-me"),
    path("contribute/studio/", contributing.studio, name="studio"),
    path("contribute/clips/", my_clips.my_clips, name="my-clips"),
    path("contribute/clips/withdrawal/", my_clips.take_all_back, name="withdrawal-of-all"),
    path("contribute/clips/withdrawal/<str:day>/", my_clips.take_day_back, name="withdrawal-of-day"),
    path("contribute/consent/<str:purpose>/withdrawal/", my_clips.take_purpose_back, name="purpose-withdrawal"),
    path("contribute/export/", my_archive.export, name="export"),
    path("accounts/deletion/", farewell.delete_account, name="delete-account"),
    path("clips/<uuid:clip_id>/withdrawal/", my_clips.take_back, name="withdrawal"),
    path("clips/<uuid:clip_id>/audio/", sound.audio, name="clip-audio"),
    path("clips/<uuid:clip_id>/peaks/", sound.peaks, name="clip-peaks"),
    path("review/", reviewing.review, name="review"),
    path("review/<uuid:turn_id>/rating/", reviewing.rating, name="review-rating"),
    path("review/<uuid:rating_id>/suggestion/", reviewing.suggestion, name="review-suggestion"),
    path("tombstones.json", tombstones.as_json, name="tombstones"),
    path("tombstones.csv", tombstones.as_csv, name="tombstones-csv"),
    path("api/", docs.api_docs, name="api-docs"),
    path("api/schema/", SpectacularJSONAPIView.as_view(authentication_classes=[]), name="api-schema"),
    path("api/v1/", include("contributions.api.urls", namespace="api")),
]
