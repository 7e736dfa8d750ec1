import re

import pytest

from tests.server import ROOT


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-tracing.lock", "requirements-dev.lock"])
def test_a_lock_file_carries_versions_and_hashes_and_no_address(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert "--index-url" not in text and "--find-links" not in text
    pinned = re.findall(r"^([a-z0-9._\[\],-]+)==", text, re.M | re.I)
    assert len(pinned) > 20
    assert text.count("--hash=sha256:") >= len(pinned)
