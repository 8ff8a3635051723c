"""User journeys through the three-tier chain: a browsing visitor, a shopper, and a program that is not always right.

By hand: locust -f loadtest/chain.py --host http://127.0.0.1:8001
"""

from __future__ import annotations

import random
from http import HTTPStatus

from locust import between, task

from loadtest.asking import AskingUser

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


class ChainUser(AskingUser):
    """What all journeys share."""

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
