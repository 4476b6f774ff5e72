from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "openempathic.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Listen for what happens to second factors."""
        from openempathic.accounts.second_factor import records  # noqa: F401
