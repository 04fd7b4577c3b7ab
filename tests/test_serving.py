"""The command that opens the app: which addresses it takes for this machine's."""

import psutil
import pytest

from tagrefine_core.cli import main
from tagrefine_core.cli.serving import own_address
from tagrefine_core.errors import ConfigError


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("localhost", "which only this machine reaches"),
        ("0.0.0.0", "nobody can open"),
        ("198.51.100.7", "not an address of this machine"),
        ("::1", "no such name or IPv4 address"),
        ("a..b", "no such name or IPv4 address"),
    ],
)
def test_only_an_address_that_others_reach_is_shared(host: str, why: str, capsys) -> None:
    with pytest.raises(ConfigError, match=why):
        own_address(host)
    assert main(["app", "--share", host]) == 2
    said = capsys.readouterr()
    assert why in said.err and "by which others reach this machine" in said.err
    assert not said.out, "no address is printed that leads nowhere"


def test_every_address_of_this_machine_can_be_shared() -> None:
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family.name == "AF_INET":
                assert own_address(one.address) == one.address
