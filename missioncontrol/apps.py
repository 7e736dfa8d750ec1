from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class MissionControlConfig(AppConfig):
    name = "missioncontrol"

    def ready(self) -> None:
        from core import folding  # noqa: F401, registers its lookup


class AdminConfig(DjangoAdminConfig):
    default_site = "missioncontrol.adminsite.AdminSite"
