from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "governance.credentials"
    label = "credentials"
