# SPDX-License-Identifier: MIT
"""Producers and subscribers of a nodewise relay, over shared memory.

    with nodewise.Client("/run/nodewise/relay.sock") as client:
        client.submit("orders/new", b"42")

Topics are names or their 32-bit ids (topic_id). What submit() accepts is in the lane of the topic's
shard, in order; the relay's rules are applied there, so a packet that they deny is counted by the
relay (`nodewise relay stat`), not raised here.
"""
import asyncio
import os
import queue
import weakref

from . import _relay
from ._relay import PAYLOAD_MAX, RECORD_BYTES, topic_id

__all__ = ["Client", "Closed", "Denied", "Error", "Packet", "PAYLOAD_MAX", "QueueFull",
           "RECORD_BYTES", "Throttled", "TooLarge", "topic_id"]


class Error(Exception):
    """Something that a relay or the way to it refuses."""


class QueueFull(queue.Full, Error):
    """A shard has no room; nothing of it was taken but the first `accepted` packets.

    accepted     packets that were taken before the refusal
    shard        the one that refused
    retry_after  seconds, an estimate
    """

    def __init__(self, accepted=0, shard=0, retry_after=0.0):
        super().__init__(f"shard {shard} is full: {accepted} accepted, try again in "
                         f"{retry_after:.6f} s")
        self.accepted, self.shard, self.retry_after = accepted, shard, retry_after


class Throttled(QueueFull):
    """A shard's level refuses this priority for now, or (from check()) a limit dropped packets."""


class Denied(PermissionError, Error):
    """The relay does not admit this client, a right is missing, or (from check()) rules denied packets."""


class TooLarge(ValueError, Error):
    """A payload of more than PAYLOAD_MAX bytes."""


class Closed(RuntimeError, Error):
    """The client or the relay is closed, or this is a forked child of the client's process."""


_relay.set_errors(QueueFull, Throttled, Denied, TooLarge, Closed, Error)
Packet = _relay.Packet

_clients = weakref.WeakSet()


def _leave_to_parent():
    for client in list(_clients):
        client._forked()  # pylint: disable=protected-access


os.register_at_fork(after_in_child=_leave_to_parent)


class Client(_relay.Client):
    """A connection to a relay of this machine.

    One thread at a time submits, one at a time receives; they may be different ones. Calls from
    others wait for their turn.
    """

    def __init__(self, path, *, name=None, token=None, slots=0, receive_slots=0, timeout=5.0):
        super().__init__(os.fspath(path), name, token, slots, receive_slots, timeout)
        _clients.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def check(self):
        """Raise Denied or Throttled if, since the last check, the relay's rules dropped packets of this
        sender that it had accepted. What was submitted just now is known a moment later."""
        counts, before = self.counts(), self.__dict__.get("_checked", {})
        self.__dict__["_checked"] = counts
        denied, throttled = (counts[key] - before.get(key, 0) for key in ("denied", "throttled"))
        if denied:
            raise Denied(f"{denied} packets of this sender were denied by the relay's rules")
        if throttled:
            error = Throttled()
            error.args = (f"{throttled} packets of this sender were over a limit of the relay's rules",)
            raise error

    async def submit_async(self, topic, payload=b"", priority=0, ttl_us=0, type=0):
        """As submit(), waiting for room without blocking the event loop."""
        while True:
            try:
                return self.submit(topic, payload, priority, ttl_us, type)
            except Throttled as full:
                await asyncio.sleep(max(full.retry_after, 0.001))
            except QueueFull as full:
                await self._room(full.shard, full.retry_after)

    async def receive_async(self, count=256):
        """As receive(), waiting for the first packet without blocking the event loop."""
        while True:
            packets = self.receive(count)
            if packets:
                return packets
            if self._rest():
                await self._readable(self._bell_fd(), None)
                self._hear(self._bell_fd())

    def __aiter__(self):
        return self._packets()

    async def _packets(self):
        while True:
            for packet in await self.receive_async():
                yield packet

    async def _room(self, shard, seconds):
        if self._rest_room(shard):
            await self._readable(self._room_fd(), max(seconds, 0.001))
            self._hear(self._room_fd())

    async def _readable(self, fd, seconds):
        """Wait until a bell rings, the relay leaves, or the time has passed."""
        loop = asyncio.get_running_loop()
        heard = loop.create_future()

        def wake():
            if not heard.done():
                heard.set_result(None)

        stream = self._stream_fd()
        loop.add_reader(fd, wake)
        loop.add_reader(stream, wake)
        try:
            await asyncio.wait_for(heard, seconds)
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(fd)
            loop.remove_reader(stream)
        if self.is_closed:
            raise Closed("the relay has left")
