from django.apps import AppConfig


class ExceptionsConfig(AppConfig):
    name = "monitoring.exceptions"
    label = "exceptions"
