"""Addresses of training runs."""

from django.urls import path

from training import views

urlpatterns = [
    path("curation/runs/", views.run_list, name="runs"),
    path("curation/runs/<uuid:run_id>/", views.run_page, name="run"),
]
