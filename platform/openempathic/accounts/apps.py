from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "openempathic.accounts"
    label = "accounts"
