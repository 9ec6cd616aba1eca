"""Some of the attacks that tests/attacks/run makes."""

import pytest
from attacks import ATTACKS
from observation import MOST_GROWTH_MB, observe
from targets import TARGETS


@pytest.mark.parametrize(
    "target, attack",
    [
        ("no-certificate", "reset"),
        ("edge", "header-flood"),
        ("edge", "reset-8-addresses"),
        ("edge", "malformed-header"),
    ],
)
def test_valid_calls_and_memory_hold(parties, target, attack):
    seen = observe(TARGETS[target], parties, ATTACKS[attack], acknowledges=False)
    assert seen.is_harmless, seen


def test_a_bare_port_does_not_hold(parties):
    """Or else the attack is none."""
    seen = observe(TARGETS["bare"], parties, ATTACKS["header-flood"], acknowledges=False)
    assert seen.growth_mb > MOST_GROWTH_MB
