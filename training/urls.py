"""Addresses of training runs."""

from django.urls import path

from training import views
from training.gate import views as gate_views

urlpatterns = [
    path("curation/runs/", views.run_list, name="runs"),
    path("curation/runs/<uuid:run_id>/", views.run_page, name="run"),
    path("curation/runs/<uuid:run_id>/gate/", gate_views.run_gate, name="run-gate"),
    path("curation/runs/<uuid:run_id>/approval/", gate_views.run_approval, name="run-approval"),
]
