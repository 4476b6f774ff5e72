"""Addresses about who may do what."""

from django.urls import path

from openempathic.accounts import token_pages, views

urlpatterns = [
    path("curation/invitations/", views.invitation_list, name="invitations"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("accounts/tokens/", token_pages.token_list, name="tokens"),
    path("accounts/tokens/<uuid:token_id>/revocation/", token_pages.revocation, name="token-revocation"),
    path("sign-in/<str:word>/", views.sign_in, name="sign-in"),
]
