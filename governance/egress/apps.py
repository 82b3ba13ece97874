from django.apps import AppConfig


class EgressConfig(AppConfig):
    name = "governance.egress"
    label = "egress"
