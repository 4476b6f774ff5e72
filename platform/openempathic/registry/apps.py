from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "openempathic.registry"
    label = "registry"
