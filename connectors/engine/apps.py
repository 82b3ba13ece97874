from django.apps import AppConfig


class EngineConfig(AppConfig):
    name = "connectors.engine"
    label = "engine"
