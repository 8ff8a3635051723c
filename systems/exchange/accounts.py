"""What makes an account: the bodies that the gateway and the user service take. Passwords are never shown."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

SHORTEST_PASSWORD = 8
#: What is hashed costs time.
LONGEST_PASSWORD = 128

Username = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$"),
    Field(description="3 to 32 of letters, digits, dot, underscore and hyphen", examples=["ada"]),
]
#: Whether mail arrives there is not asked.
Email = Annotated[
    str,
    StringConstraints(
        max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$"
    ),
    Field(examples=["ada@example.com"]),
]
NewPassword = Annotated[SecretStr, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


def account_of(username: str) -> str:
    """The name that an account is kept and found by: `Ada` cannot pass for `ada`."""
    return username.lower()


class _Body(BaseModel):
    # No unknown fields: a misspelt one would be left out in silence. An error must not repeat the password.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    password: SecretStr

    def with_password(self) -> dict[str, Any]:
        """As JSON for the service that checks it: the one place where the password is readable."""
        return {**self.model_dump(), "password": self.password.get_secret_value()}


class Registration(_Body):
    """Who signs up."""

    username: Username
    email: Email
    password: NewPassword


class Credentials(_Body):
    """Who logs in. Only what could be an account's is worth a look; whether it is one, the answer does not say."""

    username: Annotated[str, Field(min_length=1, max_length=254)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]
