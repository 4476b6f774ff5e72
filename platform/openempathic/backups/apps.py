from django.apps import AppConfig


class BackupsConfig(AppConfig):
    name = "openempathic.backups"
    label = "backups"
