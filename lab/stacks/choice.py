"""Which stacks there are."""

from lab.stacks.compose import ComposeStack
from lab.stacks.embedded import EmbeddedStack
from lab.stacks.native import NativeStack
from lab.stacks.stack import Stack, StackOptions

_STACKS: dict[str, type[Stack]] = {stack.name: stack for stack in (EmbeddedStack, NativeStack, ComposeStack)}

#: What `lab up --stack` takes.
STACKS = tuple(_STACKS)
DEFAULT_STACK = EmbeddedStack.name


def choose_stack(name: str, options: StackOptions) -> Stack:
    """Raises StackUnavailable when this machine cannot start it."""
    return _STACKS[name](options)
