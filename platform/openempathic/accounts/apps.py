from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "openempathic.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Listen for what happens to second factors and passwords."""
        from openempathic.accounts import new_passwords  # noqa: F401
        from openempathic.accounts.second_factor import records  # noqa: F401
