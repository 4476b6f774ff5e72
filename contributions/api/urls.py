"""Addresses of the API."""

from django.urls import path, re_path

from contributions.api import consents, facts, lineage, persons, releases, self_reports, views

app_name = "api"
urlpatterns = [
    path("clips/", views.ClipsView.as_view(), name="clips"),
    path("clips/<uuid:clip_id>/", views.ClipView.as_view(), name="clip"),
    path("clips/<uuid:clip_id>/audio/", views.ClipSoundView.as_view(), name="clip-sound"),
    path("clips/<uuid:clip_id>/lineage/", lineage.LineageView.as_view(), name="lineage"),
    path("clips/<uuid:clip_id>/self-report/", self_reports.SelfReportView.as_view(), name="self-report"),
    path("consents/", consents.ConsentsView.as_view(), name="consents"),
    path("consents/events/", consents.EventsView.as_view(), name="consent-events"),
    path("consents/<str:purpose>/", consents.PurposeView.as_view(), name="consent"),
    path("receipt/", consents.ReceiptView.as_view(), name="receipt"),
    path("export/", persons.ExportView.as_view(), name="export"),
    path("facts/", facts.FactsView.as_view(), name="facts"),
    path("me/", persons.MeView.as_view(), name="me"),
    path("releases/", releases.ReleasesView.as_view(), name="releases"),
    path("releases/<slug:digest>/", releases.ReleaseView.as_view(), name="release"),
    path("releases/<slug:digest>/terms/", releases.TermsView.as_view(), name="release-terms"),
    path("releases/<slug:digest>/files/<path:name>", releases.ReleaseFileView.as_view(), name="release-file"),
    # Whatever else stands there, line breaks too, which `path` knows nothing of.
    re_path(r"^(?P<way>[\s\S]+)$", persons.NothingView.as_view(), name="nothing"),
]
