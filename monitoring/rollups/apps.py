from django.apps import AppConfig


class RollupsConfig(AppConfig):
    name = "monitoring.rollups"
    label = "rollups"
