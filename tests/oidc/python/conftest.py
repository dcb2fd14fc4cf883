"""One person for each file of tests."""

import pytest

from house import Person


@pytest.fixture(scope="module")
def jane():
    return Person()
