from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "monitoring.retention"
    label = "retention"
