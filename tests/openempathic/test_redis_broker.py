"""Redis as the broker: a worker whose acknowledgement was lost takes the next message all the same."""

import os
import signal

import kombu
import pytest
from redis.exceptions import RedisError

from openempathic import redis_broker
from tests import servers


@pytest.fixture
def redis():
    with servers.redis() as server:
        yield server


def channel_of(url):
    redis_broker.use()
    patience = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}
    return kombu.Connection(url, transport_options=patience).channel()


@pytest.mark.parametrize("answer", ["basic_ack", "basic_reject"])
def test_a_message_whose_acknowledgement_is_lost_is_under_way_no_more(redis, answer):
    channel = channel_of(redis.url)
    channel.basic_qos(prefetch_count=1)
    box = kombu.Queue("box", channel=channel)
    box.declare()
    kombu.Producer(channel).publish({"clip": 1}, routing_key="box")
    message = box.get()
    assert not channel.qos.can_consume()

    os.kill(redis.process.pid, signal.SIGSTOP)
    with pytest.raises(RedisError):
        getattr(channel, answer)(message.delivery_tag)
    os.kill(redis.process.pid, signal.SIGCONT)

    assert channel.qos.can_consume()
