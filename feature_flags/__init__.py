"""What a service asks to learn how it should behave: flags that are switched while it runs.

    flags = read_flags(os.environ)
    flags.value("search-backend")                   # {} when it is off, else its parameters
    flags.on_change("search-backend", reconnect)    # reconnect(value), whenever it changes

A flag is an object: off is `{}`, on is a mapping with something in it. The flags are those of a file in flagd's
format, read with OpenFeature's SDK and flagd's in-process provider. With no such file none of that is loaded, and every
flag is off. This package imports nothing else of ours.
"""

from feature_flags.fixed import FixedFlags
from feature_flags.flags import FeatureFlags, Listener, Value
from feature_flags.reading import FLAG_FILE_VARIABLE, read_flags

__all__ = ["FLAG_FILE_VARIABLE", "FeatureFlags", "FixedFlags", "Listener", "Value", "read_flags"]
