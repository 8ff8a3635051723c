"""How findings speak of requests and names."""

from collections.abc import Iterable

from lab.exercises.services.description import Requests, Service
from lab.exercises.services.observed import Observed, Sent


def requests_in_words(one: Requests, count: int) -> str:
    """ "the 3 requests `POST /orders` that are answered with 409"."""
    answered = f" that {'is' if count == 1 else 'are'} answered with {one.answers}" if one.answers != 200 else ""
    path = one.path.replace("{n}", "…")
    return f"the {f'{count} requests' if count != 1 else 'request'} `{one.method} {path}`{answered}"


def sent_of(observed: Observed, names: Iterable[str]) -> list[Sent]:
    wanted = set(names)
    return [one for one in observed.sent if one.of in wanted]


def all_in_words(service: Service, observed: Observed, names: Iterable[str]) -> str:
    """Several kinds of requests, with how many were sent of each; what looks the same is said once."""
    alike: dict[tuple[str, str, int], list[Requests]] = {}
    for name in names:
        one = service.requests(name)
        alike.setdefault((one.method, one.path, one.answers), []).append(one)
    return listed(
        requests_in_words(kinds[0], len(sent_of(observed, [one.name for one in kinds]))) for kinds in alike.values()
    )


def listed(texts: Iterable[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *first, last = list(texts) or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def code(names: Iterable[str]) -> str:
    return listed(f"`{name}`" for name in names)


def seconds(value: float) -> str:
    """Two digits, as people compare times."""
    return f"{value:.2g} s"


def personal_values(observed: Observed) -> set[str]:
    return {value for one in observed.sent for value in one.personal}
