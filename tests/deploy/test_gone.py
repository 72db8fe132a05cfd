"""A withdrawn release behind nginx: nginx does not serve an older copy of its page."""

import time
from contextlib import ExitStack

import pytest

from tests.deploy.site import behind_nginx
from tests.portal import Portal, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="a proxy does not see the engine"),
]

PAGE = "/releases/2010/05/04/liepkalne-atklaj-tiltu"


def test_a_withdrawn_release_is_gone_even_while_the_service_is_stopped(portal: Portal) -> None:
    portal.imported(page())
    with ExitStack() as service, ExitStack() as nginx:
        address = service.enter_context(portal.served())
        site = nginx.enter_context(behind_nginx(address, portal.folder))
        assert site.ask(PAGE).status == 200
        assert portal.feeds("withdraw", PAGE).code == 0
        time.sleep(2.2)
        gone = site.ask(PAGE)
        assert (gone.status, gone.headers.get("cache-control")) == (410, None)
        service.close()
        time.sleep(2.2)
        assert site.ask(PAGE).status == 410
