from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self) -> None:
        """Checks are registered where they are imported."""
        from training.gate import checks  # noqa: F401
