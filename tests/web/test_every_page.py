"""What holds for every page, also for one that was added today."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse
from django.urls.converters import IntConverter

from tests.base import BaseTestCase
from tests.server import ROOT
from web.urls import urlpatterns

from .test_accessibility import PAGES

SAMPLES = {"ids": [1]}
OPEN = {"sign-in", "sign-out"}
ICON = re.compile(r'{% icon "([^"]+)" %}')


def address(pattern) -> str:
    kinds = pattern.pattern.converters.items()
    sample = {name: SAMPLES.get(name, 1 if isinstance(kind, IntConverter) else "inbox") for name, kind in kinds}
    return reverse(pattern.name, kwargs=sample)


class EveryPageTests(BaseTestCase):
    def test_a_stranger_is_asked_to_sign_in(self):
        for pattern in urlpatterns:
            if pattern.name not in OPEN:
                with self.subTest(page=pattern.name):
                    for method in ("GET", "POST"):
                        answer = Client().generic(method, address(pattern))
                        assert answer.status_code == 405 or answer["Location"].startswith("/login/?next=")

    def test_a_page_is_looked_at_by_the_accessibility_test(self):
        self.client.force_login(self.alice)
        for pattern in urlpatterns:
            if pattern.name in OPEN or pattern.pattern.converters:
                continue
            answer = self.client.get(address(pattern))
            if b"<!DOCTYPE html>" in answer.content[:100]:
                with self.subTest(page=pattern.name):
                    assert address(pattern) in PAGES

    def test_every_icon_is_in_the_sprite(self):
        sprite = (ROOT / "static/vendor/lucide/sprite.svg").read_text()
        named = {icon for path in ROOT.glob("templates/**/*.html") for icon in ICON.findall(path.read_text())}
        assert named
        assert {icon for icon in named if f'id="{icon}"' not in sprite} == set()
