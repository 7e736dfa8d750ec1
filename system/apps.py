from django.apps import AppConfig


class SystemConfig(AppConfig):
    name = "system"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from functools import partial

        from webhooks.services import Switch

        from . import lookup

        Switch.retries = staticmethod(partial(lookup.flag, "webhooks.retry_enabled"))
