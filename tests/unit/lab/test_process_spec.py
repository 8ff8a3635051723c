"""The order in which processes start."""

import pytest

from lab.process_spec import ProcessSpec, in_start_order


def spec(name, *depends_on):
    return ProcessSpec(name=name, command=["true"], depends_on=depends_on)


def test_each_process_comes_after_what_it_depends_on():
    specs = [spec("web", "api", "store"), spec("api", "store"), spec("store"), spec("aside")]

    assert [item.name for item in in_start_order(specs)] == ["store", "aside", "api", "web"]


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="depend on each other in a circle: web, api"):
        in_start_order([spec("store"), spec("web", "api"), spec("api", "web")])


def test_an_unknown_dependency_is_refused():
    with pytest.raises(ValueError, match="web depends on api, which is not among the processes to start"):
        in_start_order([spec("web", "api")])
