"""Addresses of training runs, of checkpoints, and of what anybody may have of them."""

from django.urls import path

from training import checkpoint_pages, model_pages, run_pages, schedule_pages, views
from training.gate import views as gate_views

urlpatterns = [
    path("curation/runs/", views.run_list, name="runs"),
    path("curation/runs/new/", run_pages.run_new, name="run-new"),
    path("curation/runs/<uuid:run_id>/", run_pages.run_page, name="run"),
    path("curation/runs/<uuid:run_id>/plots/<slug:name>/", run_pages.run_plot, name="run-plot"),
    path("curation/runs/<uuid:run_id>/pause/", run_pages.run_pause, name="run-pause"),
    path("curation/runs/<uuid:run_id>/resumption/", run_pages.run_resumption, name="run-resumption"),
    path("curation/runs/<uuid:run_id>/cancellation/", run_pages.run_cancellation, name="run-cancellation"),
    path("curation/schedule/", schedule_pages.schedule_page, name="training-schedule"),
    path("curation/runs/<uuid:run_id>/gate/", gate_views.run_gate, name="run-gate"),
    path("curation/runs/<uuid:run_id>/approval/", gate_views.run_approval, name="run-approval"),
    path("curation/checkpoints/", checkpoint_pages.checkpoints, name="checkpoints"),
    path("curation/checkpoints/<slug:version>/", checkpoint_pages.checkpoint, name="checkpoint"),
    path("curation/checkpoints/<slug:version>/crown/", checkpoint_pages.crown, name="checkpoint-crown"),
    path("curation/checkpoints/<slug:version>/retraction/", checkpoint_pages.retract, name="checkpoint-retraction"),
    path("models/", model_pages.models, name="models"),
    path("models/<slug:version>/", model_pages.model, name="model"),
    path("models/<slug:version>/files/<str:name>", model_pages.model_file, name="model-file"),
]
