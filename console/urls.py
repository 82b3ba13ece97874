"""Every route of the console."""

urlpatterns = []
