"""Addresses about who may do what."""

from django.urls import path

from openempathic.accounts import token_pages, views
from openempathic.accounts.second_factor import pages

urlpatterns = [
    path("curation/invitations/", views.invitation_list, name="invitations"),
    path("curation/moderators/<int:person_id>/", views.moderator, name="moderator"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("accounts/tokens/", token_pages.token_list, name="tokens"),
    path("accounts/tokens/<uuid:token_id>/revocation/", token_pages.revocation, name="token-revocation"),
    path("sign-in/<str:word>/", views.sign_in, name="sign-in"),
    # The names are those by which allauth finds them.
    path("accounts/second-factor/", pages.index, name="mfa_index"),
    path("accounts/second-factor/sign-in/", pages.authenticate, name="mfa_authenticate"),
    path("accounts/second-factor/confirmation/", pages.reauthenticate, name="mfa_reauthenticate"),
    path("accounts/second-factor/app/", pages.set_up, name="mfa_activate_totp"),
    path("accounts/second-factor/app/end/", pages.switch_off, name="mfa_deactivate_totp"),
    path("accounts/second-factor/codes/", pages.codes, name="mfa_view_recovery_codes"),
    path("accounts/second-factor/codes/new/", pages.new_codes, name="mfa_generate_recovery_codes"),
    path("accounts/second-factor/codes/file/", pages.codes_file, name="mfa_download_recovery_codes"),
]
