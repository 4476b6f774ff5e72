"""Addresses of the API."""

from django.urls import path

from contributions.api.views import ClipView

app_name = "api"
urlpatterns = [path("clips/<uuid:clip_id>/", ClipView.as_view(), name="clip")]
