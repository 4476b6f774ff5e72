"""Where each room's pages are; rooms are named by dotted strings only."""

from django.urls import include, path
from django.views.i18n import set_language

from openempathic.health import healthz, readyz
from openempathic.metrics.page import metrics
from openempathic.well_known import model_key, public_key

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path(".well-known/open-empathic-key.json", public_key, name="public-key"),
    path(".well-known/open-empathic-models.pem", model_key, name="model-key"),
    path(".well-known/open-empathic-models/<str:name>.pem", model_key, name="model-key-named"),
    path("language/", set_language, name="set_language"),
    path("accounts/", include("allauth.account.urls")),
    path("", include("openempathic.accounts.urls")),
    path("", include("contributions.urls")),
    path("", include("training.urls")),
]

handler400 = "openempathic.mishaps.misunderstood"
handler500 = "openempathic.mishaps.broken"
