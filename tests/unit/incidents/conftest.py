"""The real catalogue: what holds for made-up faults alone would help nobody."""

import pytest

from lab.faults.catalogue import Catalogue, read_catalogue
from lab.incidents.labels import Labels, labels_of
from tests.unit.incidents.systems import CHAIN


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return read_catalogue()


@pytest.fixture(scope="session")
def labels(catalogue: Catalogue) -> Labels:
    return labels_of(catalogue, CHAIN)
