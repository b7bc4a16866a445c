# SPDX-License-Identifier: Apache-2.0
"""What the daemon says of a partners.yaml that it cannot deliver by, before it starts."""
import subprocess

import pytest

from harness.gateway import PARTNERS
from harness.services import ROOT

pytestmark = pytest.mark.asan


def check(gateway, deliver):
    """`lienthongd --check` with these settings of the first partner."""
    gateway.write_partners([{**PARTNERS[0], "deliver": deliver}, *PARTNERS[1:]])
    return subprocess.run([gateway.build / "lienthongd", "--check", gateway.config_path], cwd=ROOT,
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def gateway(gateways):
    one = gateways()
    one.stop()
    return one


def test_settings_that_hold_are_taken(gateway):
    done = check(gateway, {"by": "mailbox", "adapter": "edxml"})
    assert done.returncode == 0, done.stderr


def test_an_adapter_that_is_not_there_is_named(gateway):
    done = check(gateway, {"by": "mailbox", "adapter": "no-such-format"})
    assert done.returncode == 1
    assert f"partner {PARTNERS[0]['id']}: there is no adapter no-such-format" in done.stderr


def test_a_push_without_an_address_is_shown_with_its_place(gateway):
    done = check(gateway, {"by": "push"})
    assert done.returncode == 1
    lines = (gateway.folder / "partners.yaml").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "by: push" in text)
    assert f"partners.yaml:{line}:" in done.stderr
    assert "partners[0].deliver.by: push needs url as well" in done.stderr
