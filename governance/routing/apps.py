from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "governance.routing"
    label = "routing"
