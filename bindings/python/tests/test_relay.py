# SPDX-License-Identifier: MIT
"""The package against `nodewise relay`, a process of its own: NODEWISE names the command."""
import array
import asyncio
import gc
import os
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import nodewise

NODEWISE = os.environ["NODEWISE"]


class Relay:
    """A relay with two shards on a Unix socket of its own."""

    def __init__(self, folder, rules="--allow-all"):
        self.path = str(folder / "relay.sock")
        self.process = subprocess.Popen(
            [NODEWISE, "relay", rules, "--unix", self.path, "--tcp", "none", "--udp", "none",
             "--http", "none", "--shards", "2", "--oversubscribe", "--no-pin"],
            stderr=subprocess.PIPE, text=True)
        for _ in range(500):
            if self.listens():
                return
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.01)
        raise AssertionError("the relay does not listen")

    def listens(self):
        """The file is there a moment before somebody listens to it."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.path) == 0

    def halt(self):
        """Stop every thread of it, and return when they stand."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(20) == 0, self.process.stderr.read()
        finally:
            self.process.stderr.close()


@pytest.fixture(name="relay")
def relay_fixture(tmp_path):
    relay = Relay(tmp_path)
    yield relay
    relay.stop()


def test_what_rules_drop_is_told_when_asked(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text("topics: [free, { name: slow, rate: 1, burst: 5 }]\nsenders: [{ name: '*', hear: all }]\n")
    relay = Relay(tmp_path, f"--rules={rules}")
    with nodewise.Client(relay.path) as client:
        client.submit("free", b"x")
        client.check()

        def check(kind, topic, count, dropped):
            for _ in range(count):
                client.submit(topic, b"x")
            end = time.monotonic() + 10
            while client.counts()["dropped"] < dropped and time.monotonic() < end:
                time.sleep(0.001)
            with pytest.raises(kind) as error:
                client.check()
            assert "of this sender" in str(error.value)
            client.check()

        check(nodewise.Throttled, "slow", 12, 7)
        check(nodewise.Denied, "nobody allows it", 3, 10)
        counts = client.counts()
        assert counts["throttled"] == 7 and counts["denied"] == 3 and counts["dropped"] == 10
    relay.stop()


def receive(client, count):
    got, end = [], time.monotonic() + 10
    while len(got) < count and time.monotonic() < end:
        got += client.receive(timeout=1.0)
    return got


def record(topic, payload, flags=1):
    return (topic.to_bytes(4, "little") + bytes(12) + flags.to_bytes(2, "little") +
            bytes([len(payload), 0]) + bytes(8) + payload.ljust(36, b"\0"))


def test_what_is_submitted_is_received_in_order(relay):
    with nodewise.Client(relay.path) as hear, nodewise.Client(relay.path) as say:
        hear.subscribe("orders/new", 7)
        for n in range(100):
            say.submit("orders/new", f"{n}".encode(), priority=1, type=5)
        say.submit(7, b"seven")
        say.submit("not/heard", b"x")
        got = receive(hear, 101)
        orders = [p for p in got if p.topic == nodewise.topic_id("orders/new")]
        assert [p.payload for p in orders] == [f"{n}".encode() for n in range(100)]
        assert {(p.priority, p.type) for p in orders} == {(1, 5)}
        assert [p.payload for p in got if p.topic == 7] == [b"seven"]
        assert len(got) == 101


def test_every_way_to_submit(relay):
    with nodewise.Client(relay.path, receive_slots=8192) as hear, nodewise.Client(relay.path) as say:
        hear.subscribe_all()
        assert say.submit_many([("a", b"1"), (2, bytearray(b"2")), ("c", memoryview(b"3"))]) == 3
        records = b"".join(record(n, bytes([n])) for n in range(10))
        assert say.submit_buffer(records) == 10
        assert say.submit_buffer(bytearray(b"x" + records)[1:]) == 10
        assert say.submit_buffer(memoryview(b"x" + records)[1:]) == 10
        assert say.submit_buffer(array.array("Q", records)) == 10
        assert say.submit_buffer(b"") == 0 and say.submit_many(iter(())) == 0
        assert len(receive(hear, 43)) == 43
        counts = say.counts()
        assert counts["submitted"] == counts["accepted"] == 43 and counts["refused"] == 0


def test_mistakes_are_named_and_cost_nothing(relay):
    with nodewise.Client(relay.path) as client:
        with pytest.raises(nodewise.TooLarge, match="37 bytes"):
            client.submit("t", bytes(37))
        with pytest.raises(ValueError):
            client.submit("t", bytes(37))
        for topic in (-1, 1 << 32):
            with pytest.raises(ValueError, match="topic"):
                client.submit(topic)
        with pytest.raises(TypeError):
            client.submit(1.5)
        with pytest.raises(TypeError):
            client.submit()
        with pytest.raises(TypeError, match="unexpected"):
            client.submit("t", nonsense=1)
        with pytest.raises(ValueError, match="priority"):
            client.submit("t", b"", 4)
        with pytest.raises(ValueError, match="whole number of records"):
            client.submit_buffer(b"x" * 65)
        with pytest.raises(ValueError, match="record 1"):
            client.submit_buffer(record(1, b"a") + record(2, b"b", flags=0))
        with pytest.raises(TypeError):
            client.submit_many([("t",)])
        with pytest.raises(TypeError):
            client.submit_buffer("text")
        assert client.counts()["accepted"] == 1


def test_a_shard_that_is_stopped_fills_its_lane(relay):
    with nodewise.Client(relay.path, slots=16) as client:
        relay.halt()
        try:
            with pytest.raises(nodewise.QueueFull) as full:
                client.submit_many((5, b"x") for _ in range(100))
            assert full.value.accepted == 16 and full.value.shard == 5 % 2
            assert isinstance(full.value, queue.Full) and full.value.retry_after >= 0
            with pytest.raises(nodewise.QueueFull) as full:
                client.submit_buffer(record(4, b"x") * 100)
            assert full.value.accepted == 16
            with pytest.raises(queue.Full):
                client.submit(5)
        finally:
            relay.go_on()


def test_waiting_for_room_does_not_block_the_loop(relay):
    async def play(client):
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticker = asyncio.ensure_future(tick())
        relay.halt()
        asyncio.get_running_loop().call_later(0.3, relay.go_on)
        for _ in range(200):
            await client.submit_async(5, b"x")
        ticker.cancel()
        return ticks

    with nodewise.Client(relay.path, slots=16) as client:
        assert asyncio.run(asyncio.wait_for(play(client), 20)) > 10
        assert client.counts()["accepted"] == 200


def test_packets_can_be_awaited(relay):
    async def play(hear, say):
        task = asyncio.ensure_future(hear.receive_async())
        await asyncio.sleep(0.05)
        assert not task.done()
        say.submit("t", b"1")
        got = await asyncio.wait_for(task, 10)
        say.submit("t", b"2")
        async for packet in hear:
            got.append(packet)
            break
        return [p.payload for p in got]

    with nodewise.Client(relay.path) as hear, nodewise.Client(relay.path) as say:
        hear.subscribe("t")
        assert asyncio.run(play(hear, say)) == [b"1", b"2"]


def test_threads_take_turns(relay):
    rounds, batch = 40, 600
    errors = []

    def work(client, topic):
        data = record(topic, b"x") * batch
        try:
            for _ in range(rounds):
                sent = 0
                while sent < batch:
                    try:
                        sent += client.submit_buffer(data[sent * 64:])
                    except nodewise.QueueFull as full:
                        sent += full.accepted
                        time.sleep(0.0005)
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    with nodewise.Client(relay.path, slots=4096) as client:
        threads = [threading.Thread(target=work, args=(client, n)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not errors
        assert client.counts()["accepted"] == 3 * rounds * batch


def test_a_closed_client_says_so(relay):
    client = nodewise.Client(relay.path)
    client.close()
    client.close()
    assert client.is_closed
    for call in (lambda: client.submit("t"), lambda: client.receive(), lambda: client.counts(),
                 lambda: client.subscribe_all(), lambda: client.submit_buffer(b""),
                 lambda: client.sender):
        with pytest.raises(nodewise.Closed):
            call()


def test_a_forked_child_has_no_share_in_it(relay):
    with nodewise.Client(relay.path) as client:
        child = os.fork()
        if child == 0:
            try:
                client.submit("t")
            except nodewise.Closed:
                os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        client.submit("t")


def test_who_is_not_there_and_who_leaves(relay, tmp_path):
    with pytest.raises(nodewise.Error):
        nodewise.Client(tmp_path / "nobody")
    with pytest.raises(ValueError):
        nodewise.Client(relay.path, slots=3)
    client = nodewise.Client(relay.path)
    relay.process.send_signal(signal.SIGTERM)
    relay.process.wait(20)
    with pytest.raises(nodewise.Closed):
        for _ in range(100):
            client.submit("t")
            time.sleep(0.01)
    client.close()


def test_nothing_leaks(relay):
    with nodewise.Client(relay.path, slots=4096) as client:
        def spin(count):
            for _ in range(count):
                for call in (lambda: client.submit("topic", b"payload"),
                             lambda: client.submit_many([("a", b"b")] * 10),
                             lambda: client.submit_buffer(record(1, b"x") * 3),
                             lambda: client.receive(),
                             lambda: client.counts(),
                             lambda: client.submit("t", bytes(99))):
                    try:
                        call()
                    except nodewise.Error:
                        pass

        def resident():
            with open("/proc/self/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

        grown = []
        for _ in range(6):
            before = resident()
            spin(5000)
            gc.collect()
            grown.append(resident() - before)
        # Lanes and pools grow to what they need, then nothing does: a byte a call would be 30 KB.
        assert min(grown[2:]) < 16 << 10, grown


def test_types_and_names_are_documented():
    for name in nodewise.__all__:
        assert getattr(nodewise, name).__doc__, name
    for name in dir(nodewise.Client):
        if not name.startswith("_"):
            assert getattr(nodewise.Client, name).__doc__, name
    stub = pathlib.Path(nodewise.__file__).with_name("__init__.pyi").read_text("utf-8")
    for name in dir(nodewise.Client):
        if not name.startswith("_"):
            assert f"def {name}(" in stub, name
    assert sys.version_info >= (3, 11)
