from django.apps import AppConfig


class ValuesConfig(AppConfig):
    name = "governance.registry.values"
    label = "registry_values"
