from django.apps import AppConfig


class NeedsConfig(AppConfig):
    name = "connectors.engine.needs"
    label = "needs"
