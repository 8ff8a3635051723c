"""Which stacks there are."""

from lab.stacks.embedded import EmbeddedStack
from lab.stacks.native import NativeStack
from lab.stacks.stack import Stack, StackOptions, StackUnavailable

#: What `lab up --stack` takes.
STACKS = ("embedded", "native", "compose")
DEFAULT_STACK = EmbeddedStack.name


def choose_stack(name: str, options: StackOptions) -> Stack:
    """Raises StackUnavailable when this machine cannot start it."""
    if name == EmbeddedStack.name:
        return EmbeddedStack(options)
    if name == NativeStack.name:
        return NativeStack(options)
    raise StackUnavailable(f"the {name} stack cannot be started by this version of the lab; use --stack embedded")
