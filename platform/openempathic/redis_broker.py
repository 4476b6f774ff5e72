"""Redis as the broker, with an acknowledgement that may be lost.

Kombu forgets a message only once Redis has answered its acknowledgement. Where Redis hangs or dies in that moment, the
message counts as under way for ever, and a worker that takes no more than it works on takes nothing any more, though it
lives and answers a ping: found by a campaign of faults. Here the worker forgets it all the same. Redis gives it out
again after the visibility timeout, which does no harm: a message only nudges, and the row says what is owed.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis, virtual


def use() -> None:
    """Let `redis://` and `rediss://` name this broker in this process."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


class QoS(redis.QoS):
    """What is under way; it ends here whether Redis hears of it or not."""

    def ack(self, delivery_tag: str) -> None:
        """Forget the message, and raise what kept Redis from it."""
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """The same for a message that is refused."""
        try:
            super().reject(delivery_tag, requeue=requeue)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


class Channel(redis.Channel):
    """Kombu's, counting as above."""

    QoS: Any = QoS


class Transport(redis.Transport):
    """Kombu's transport over Redis with the channel above."""

    Channel = Channel
