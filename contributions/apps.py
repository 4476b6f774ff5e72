from django.apps import AppConfig


class ContributionsConfig(AppConfig):
    name = "contributions"

    def ready(self) -> None:
        """Let every sign-in, by whichever door, count as a visit."""
        from django.contrib.auth.signals import user_logged_in

        from contributions.consenting import retention

        user_logged_in.connect(retention.signed_in, dispatch_uid="retention")
