"""Events between the services: none is lost, and each counts once with each who wants it.

An event is written in the same transaction as what it tells of (`outbox.py`), then published over Redis, as an entry
of a stream (`publisher.py`), and services read it as consumer groups (`consumer.py`). Redis is only the fast way: what
does not arrive over it, the consumers find in the outbox. What arrives twice, they know by `processed_events`, which is
written in the handler's own transaction. Whoever writes nothing needs no such record (`follower.py`). How long events
are kept says `retention.py`.
"""

from systems.exchange.events import outbox
from systems.exchange.events.consumer import AfterCommit, Consumer, Handler
from systems.exchange.events.event import Event
from systems.exchange.events.follower import Follower, Listener
from systems.exchange.events.publisher import Publisher
from systems.exchange.events.retention import Retention

__all__ = ["AfterCommit", "Consumer", "Event", "Follower", "Handler", "Listener", "Publisher", "Retention", "outbox"]
