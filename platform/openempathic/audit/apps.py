from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "openempathic.audit"
    label = "audit"
