"""Where each room's pages are; rooms are named by dotted strings only."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("", include("openempathic.accounts.urls")),
    path("", include("contributions.urls")),
    path("", include("training.urls")),
]
