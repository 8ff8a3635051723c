"""User journeys through the three-tier chain: a browsing visitor, a shopper, and a program that is not always right.

Requests are named by route template, never by raw path. An answer of 4xx to a request that deserves it is a success.
By hand: locust -f loadtest/chain.py --host http://127.0.0.1:8001
"""

from __future__ import annotations

import random
from http import HTTPStatus

from locust import HttpUser, between, task
from locust.clients import ResponseContextManager

#: How many records people know of, and how they favour some: as the frontend's own visitors do.
KNOWN_USERS = 1_000
KNOWN_PRODUCTS = 500
POPULARITY_EXPONENT = 1.1

UNKNOWN_ID = 999_999
INVALID_IDS = ("abc", "-1", "0", "1.5", "null")

HOME = "/"
USER = "/user/<id>"
PRODUCT = "/product/<id>"

_USER_WEIGHTS = [rank**-POPULARITY_EXPONENT for rank in range(1, KNOWN_USERS + 1)]
_PRODUCT_WEIGHTS = [rank**-POPULARITY_EXPONENT for rank in range(1, KNOWN_PRODUCTS + 1)]


class ChainUser(HttpUser):
    """What all journeys share: asking, and judging the answer."""

    abstract = True
    #: What this kind of user accepts.
    accept = "application/json"

    def on_start(self) -> None:
        self.client.headers["Accept"] = self.accept

    def look_at_home(self) -> None:
        self.ask("/", HOME)

    def look_at_user(self, user_id: int) -> None:
        self.ask(f"/user/{user_id}", USER)

    def look_at_product(self, product_id: int, quantity: int | None = None) -> None:
        self.ask(f"/product/{product_id}" + (f"?quantity={quantity}" if quantity else ""), PRODUCT)

    def ask(self, path: str, name: str, expected: HTTPStatus = HTTPStatus.OK) -> None:
        """One request; it counts as a success when the status is the expected one and the answer can be followed."""
        with self.client.get(path, name=name, catch_response=True) as response:
            problem = problem_with(response, expected)
            if problem:
                response.failure(problem)
            else:
                response.success()


def problem_with(response: ResponseContextManager, expected: HTTPStatus) -> str | None:
    """What is wrong with an answer, in words that do not differ from request to request; None when it is right."""
    if response.status_code == 0:
        return f"no answer: {type(response.error).__name__}"
    if response.status_code != expected:
        return f"status {response.status_code} instead of {expected.value}"
    if "X-Trace-Id" not in response.headers:
        return "no X-Trace-Id header"
    return None


def popular_user() -> int:
    return random.choices(range(1, KNOWN_USERS + 1), _USER_WEIGHTS)[0]


def popular_product() -> int:
    return random.choices(range(1, KNOWN_PRODUCTS + 1), _PRODUCT_WEIGHTS)[0]


class BrowsingVisitor(ChainUser):
    """Opens the home page, strolls from product to product, now and then looks at a person."""

    weight = 6
    wait_time = between(0.5, 2.5)
    accept = "text/html"

    @task(3)
    def home(self) -> None:
        self.look_at_home()

    @task(5)
    def product(self) -> None:
        self.look_at_product(popular_product())

    @task(2)
    def user(self) -> None:
        self.look_at_user(popular_user())


class Shopper(ChainUser):
    """Knows what it wants: the own account, one product in several quantities, the account again."""

    weight = 3
    wait_time = between(0.3, 1.5)
    accept = "text/html"

    def on_start(self) -> None:
        super().on_start()
        self.user_id = popular_user()

    @task
    def shop(self) -> None:
        self.look_at_user(self.user_id)
        self.wait()
        product_id = popular_product()
        for quantity in (1, 2, 10):
            self.look_at_product(product_id, quantity)
            self.wait()
        self.look_at_user(self.user_id)


class ApiClient(ChainUser):
    """A program: quick, steady, and wrong in a tenth of what it asks."""

    weight = 1
    wait_time = between(0.05, 0.2)

    @task(60)
    def user(self) -> None:
        self.look_at_user(popular_user())

    @task(30)
    def product(self) -> None:
        self.look_at_product(popular_product())

    @task(5)
    def unknown_user(self) -> None:
        self.ask(f"/user/{UNKNOWN_ID}", f"{USER} unknown", HTTPStatus.NOT_FOUND)

    @task(5)
    def invalid_user(self) -> None:
        self.ask(f"/user/{random.choice(INVALID_IDS)}", f"{USER} invalid", HTTPStatus.BAD_REQUEST)
