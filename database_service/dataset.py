"""The rows of the simulated database: a small shop with customers, made from a seed, the same on every machine."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

USERS = 1_000
PRODUCTS = 500
ORDERS = 5_000

#: The shop's last day. Fixed, so that rows do not depend on the day they are made.
_LAST_DAY = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)

_FIRST_NAMES = (
    "Amara", "Anna", "Arjun", "Beatriz", "Carlos", "Chen", "Clara", "Daniel", "Elif", "Emma", "Farid", "Fatima",
    "Gabriel", "Hana", "Hugo", "Ida", "Ivan", "Jonas", "Julia", "Kofi", "Lena", "Linh", "Lucas", "Maja", "Marco",
    "Mei", "Nadia", "Noah", "Olga", "Omar", "Paula", "Priya", "Rosa", "Samir", "Sofia", "Tariq", "Theo", "Yara",
    "Yuki", "Zoë",
)  # fmt: skip
_LAST_NAMES = (
    "Adeyemi", "Andersen", "Bauer", "Castillo", "Costa", "Dubois", "Ferrari", "Fischer", "García", "Haddad", "Hansen",
    "Hoang", "Ito", "Jansen", "Kaya", "Khan", "Kowalski", "Larsen", "Lindqvist", "Mensah", "Moreau", "Müller",
    "Nakamura", "Novák", "Okafor", "Oliveira", "Patel", "Petrov", "Rossi", "Santos", "Schmidt", "Silva", "Singh",
    "Tanaka", "Virtanen", "Wang", "Weber", "Yılmaz", "Zhang", "de Vries",
)  # fmt: skip
_CITIES = (
    ("Lisbon", "PT"), ("Berlin", "DE"), ("Lagos", "NG"), ("Osaka", "JP"), ("Toronto", "CA"), ("Lyon", "FR"),
    ("Pune", "IN"), ("São Paulo", "BR"), ("Izmir", "TR"), ("Gothenburg", "SE"), ("Kraków", "PL"), ("Accra", "GH"),
    ("Hanoi", "VN"), ("Valencia", "ES"), ("Utrecht", "NL"), ("Austin", "US"),
)  # fmt: skip
_MEMBERSHIPS = ("standard", "silver", "gold")
_MEMBERSHIP_SHARES = (70, 22, 8)
#: category -> materials, things made of them, and the price range in euros
_CATEGORIES = {
    "furniture": (("Oak", "Walnut", "Ash", "Rattan", "Steel"), ("Chair", "Table", "Shelf", "Bench", "Desk"), 60, 900),
    "kitchen": (("Steel", "Copper", "Glass", "Stone"), ("Kettle", "Pan", "Bowl", "Jug", "Teapot"), 12, 160),
    "textiles": (("Linen", "Wool", "Cotton", "Hemp"), ("Blanket", "Curtain", "Cushion", "Towel", "Rug"), 9, 240),
    "lighting": (("Brass", "Paper", "Glass", "Bamboo", "Steel"), ("Lamp", "Pendant", "Lantern", "Spotlight"), 19, 320),
    "garden": (("Cedar", "Zinc", "Clay", "Stone"), ("Planter", "Watering Can", "Bird Bath", "Trellis"), 8, 210),
}
_WAREHOUSES = ("amsterdam", "madrid", "vienna", "warsaw")
_ORDER_STATUSES = ("delivered", "shipped", "processing", "cancelled", "returned")
_ORDER_STATUS_SHARES = (78, 9, 6, 4, 3)


def build_rows(seed: int) -> dict[str, list[tuple[Any, ...]]]:
    """All rows: table name -> tuples in the order of the table's columns (`schema.TABLES`), ids counted from 1."""
    # One generator a table: a change to one table's rows leaves the others as they were.
    users = list(_users(random.Random(f"users {seed}")))
    products = list(_products(random.Random(f"products {seed}")))
    inventory = list(_inventory(random.Random(f"inventory {seed}")))
    orders = list(_orders(random.Random(f"orders {seed}"), products))
    return {"users": users, "products": products, "inventory": inventory, "orders": orders}


def _users(random_: random.Random) -> Iterator[tuple[Any, ...]]:
    for id in range(1, USERS + 1):
        first, last = random_.choice(_FIRST_NAMES), random_.choice(_LAST_NAMES)
        city, country = random_.choice(_CITIES)
        membership = random_.choices(_MEMBERSHIPS, _MEMBERSHIP_SHARES)[0]
        created_at = _before(_LAST_DAY, random_.uniform(200, 1500))
        yield id, f"{first} {last}", _email(first, last, id), city, country, membership, created_at


def _email(first: str, last: str, id: int) -> str:
    # The number keeps namesakes apart; example.com belongs to nobody.
    plain = unicodedata.normalize("NFKD", f"{first}.{last}".lower().replace("ı", "i").replace(" ", ""))
    return f"{plain.encode('ascii', 'ignore').decode()}{id}@example.com"


def _products(random_: random.Random) -> Iterator[tuple[Any, ...]]:
    for id in range(1, PRODUCTS + 1):
        category = random_.choice(tuple(_CATEGORIES))
        materials, things, low, high = _CATEGORIES[category]
        name = f"{random_.choice(materials)} {random_.choice(things)}"
        # Few things are dear, and prices end in .90 or .00 as they do in shops.
        euros = int(low + (high - low) * random_.betavariate(1.3, 3.5))
        yield id, name, category, euros * 100 + random_.choice((0, 90)), _before(_LAST_DAY, random_.uniform(30, 1200))


def _inventory(random_: random.Random) -> Iterator[tuple[Any, ...]]:
    id = 0
    for product_id in range(1, PRODUCTS + 1):
        for warehouse in sorted(random_.sample(_WAREHOUSES, random_.randint(1, len(_WAREHOUSES)))):
            id += 1
            quantity = int(random_.expovariate(1 / 80))
            yield id, product_id, warehouse, quantity, random_.randint(0, quantity // 5)


def _orders(random_: random.Random, products: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    age_days = sorted((random_.expovariate(1 / 60) for _ in range(ORDERS)), reverse=True)
    for id, age in enumerate(age_days, start=1):
        product = random_.choice(products)
        quantity = random_.choices((1, 2, 3, 4, 10), (62, 20, 9, 6, 3))[0]
        status = random_.choices(_ORDER_STATUSES, _ORDER_STATUS_SHARES)[0]
        user_id = random_.randint(1, USERS)
        yield id, user_id, product[0], quantity, quantity * product[3], status, _before(_LAST_DAY, age)


def _before(moment: datetime, days: float) -> str:
    return f"{moment - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
