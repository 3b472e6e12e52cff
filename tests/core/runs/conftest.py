"""What several files of tests of the run store take."""

import pytest
from savedruns import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()
