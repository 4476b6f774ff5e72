"""Addresses about who may do what."""

from django.urls import path

from openempathic.accounts import views

urlpatterns = [
    path("curation/invitations/", views.invitation_list, name="invitations"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("sign-in/<str:word>/", views.sign_in, name="sign-in"),
]
