from django.apps import AppConfig


class ContributionsConfig(AppConfig):
    name = "contributions"

    def ready(self) -> None:
        """Let every sign-in, by whichever door, count as a visit; and say which languages there are to judge."""
        from django.contrib.auth.signals import user_logged_in

        from contributions.consenting import retention
        from contributions.views import words
        from openempathic.accounts import languages

        user_logged_in.connect(retention.signed_in, dispatch_uid="retention")
        languages.are_named_by(words.spoken)
