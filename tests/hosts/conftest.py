"""One Codr on hosts of its own for all tests here, whole again before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.site import Site


@pytest.fixture(scope="package")
def shared_site() -> Iterator[Site]:
    with Site({"CODR_SANDBOX": "bubblewrap"}) as site:
        site.start()
        yield site


@pytest.fixture
def site(shared_site: Site) -> Site:
    shared_site.make_whole()
    return shared_site
