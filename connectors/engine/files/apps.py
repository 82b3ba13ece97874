from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "connectors.engine.files"
    label = "files"
