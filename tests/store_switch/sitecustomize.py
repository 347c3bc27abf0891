"""Read by every Python that a test starts: the stores it opens are moved too, see moving.py."""

import os

if os.environ.get("WARD_TEST_SERVER"):
    from tests.store_switch.moving import install

    install()
