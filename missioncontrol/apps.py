from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class MissionControlConfig(AppConfig):
    name = "missioncontrol"


class AdminConfig(DjangoAdminConfig):
    default_site = "missioncontrol.adminsite.AdminSite"
