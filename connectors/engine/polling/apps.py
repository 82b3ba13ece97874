from django.apps import AppConfig


class PollingConfig(AppConfig):
    name = "connectors.engine.polling"
    label = "polling"
