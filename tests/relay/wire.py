# SPDX-License-Identifier: MIT
"""The relay from outside: frames, a client, the program in a process. Standard library only."""
import base64
import binascii
import collections
import ctypes
import json
import os
import pathlib
import queue
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

DATA, HELLO, HELLO_OK, ACK, REFUSED, SUBSCRIBE, DELIVER, CLOSING, PING, PONG, LOST, NAMES, DROPS, MOVE = range(1, 15)
BAD, FULL, CLOSED, RIGHTS, FORM = 5, 1, 4, 6, 7
DENIED, IDENTITY, PROTOCOL, LIMIT, SLOW, ENDING = range(100, 106)
HEAD = struct.Struct("<4sBBHII")
PACKET = struct.Struct("<IIQHBBII36s")
INLINE, SYSTEM = 1, 8
WAIT_S = 20 * int(os.environ.get("NW_TEST_SLOW", "1"))

TABLE = []
for n in range(256):
    for _ in range(8):
        n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
    TABLE.append(n)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def frame(kind, body=b"", slot=0xFFFF, count=None, crc=None):
    if count is None:
        count = len(body) // 64 if kind in (DATA, DELIVER) else len(body)
    return HEAD.pack(b"NWR1", 1, kind, slot, count, crc32c(body) if crc is None else crc) + body


def packet(topic, payload=b"", flags=INLINE, priority=0, sender=0, ttl_us=0, length=None, kind=0):
    return PACKET.pack(topic, sender, time.time_ns(), flags,
                       len(payload) if length is None else length, priority, kind, ttl_us, payload)


Packet = collections.namedtuple("Packet", "topic sender time_ns flags length priority type ttl payload")
Refused = collections.namedtuple("Refused", "accepted reason shard retry_after_ns text")


def packets(body):
    return [Packet(*PACKET.unpack_from(body, at)) for at in range(0, len(body), 64)]


def refusal(body):
    accepted, reason, shard, retry = struct.unpack_from("<IHHQ", body)
    return Refused(accepted, reason, shard, retry, body[16:].decode())


class Ended(Exception):
    """The relay has closed the connection."""


class Client:
    """One stream. address: (host, port) or a path."""

    def __init__(self, address, name="", token="", hello=True, tls=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(address)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=address[0])
        self.bytes = b""
        self.delivered = []
        self.lost = 0
        self.is_closing = False
        if hello:
            self.hello(name, token)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def frame(self):
        """The next frame as it came: kind, body."""
        while len(self.bytes) < 16 or len(self.bytes) < self.wanted():
            more = self.socket.recv(1 << 16)
            if not more:
                raise Ended()
            self.bytes += more
        n = self.wanted()
        kind, body = self.bytes[5], self.bytes[16:n]
        magic, version, _, _, _, crc = HEAD.unpack_from(self.bytes)
        assert magic == b"NWR1" and version == 1 and crc == crc32c(body), self.bytes[:n]
        self.bytes = self.bytes[n:]
        return kind, body

    def wanted(self):
        count = HEAD.unpack_from(self.bytes)[4]
        return 16 + count * (64 if self.bytes[5] in (DATA, DELIVER) else 1)

    def answer(self):
        """The next frame that is an answer; what comes in between is kept."""
        while True:
            kind, body = self.frame()
            if kind == DELIVER:
                self.delivered += packets(body)
            elif kind == LOST:
                self.lost = struct.unpack("<Q", body)[0]
            elif kind == CLOSING:
                self.is_closing = True
            else:
                return kind, body

    def hello(self, name="", token="", protocol=1):
        name, token = name.encode(), token.encode()
        self.send(frame(HELLO, struct.pack("<HHBB", protocol, 0, len(name), len(token)) + name + token))
        kind, body = self.answer()
        if kind == REFUSED:
            raise PermissionError(refusal(body))
        assert kind == HELLO_OK
        _, self.shards, self.sender, self.body_max, self.rules = struct.unpack("<HHIIQ", body)

    def publish(self, *items):
        """Packets in one frame. An int: all accepted; else a Refused."""
        self.send(frame(DATA, b"".join(items)))
        return self.outcome()

    def outcome(self):
        kind, body = self.answer()
        return struct.unpack("<I", body)[0] if kind == ACK else refusal(body)

    def subscribe(self, topics=(), prefix=None, off=False):
        if prefix is not None:
            body = struct.pack("<BBH", 1, off, 0) + prefix.encode()
        elif topics:
            body = struct.pack(f"<BBH{len(topics)}I", 0, off, 0, *topics)
        else:
            body = struct.pack("<BBH", 2, off, 0)
        self.send(frame(SUBSCRIBE, body))
        return self.outcome()

    def drops(self):
        """What was dropped of this sender's packets: denied, throttled, in flight, expired, other."""
        self.send(frame(DROPS))
        kind, body = self.answer()
        assert kind == DROPS, (kind, body)
        return struct.unpack("<5Q", body)

    def move(self, slot, shard):
        self.send(frame(MOVE, struct.pack("<HH", slot, shard)))
        return self.outcome()

    def names(self, *names):
        self.send(frame(NAMES, b"".join(bytes([len(n)]) + n for n in map(str.encode, names))))
        return self.outcome()

    def receive(self, count):
        """That many packets, in their order."""
        while len(self.delivered) < count:
            kind, body = self.frame()
            if kind == DELIVER:
                self.delivered += packets(body)
            elif kind == LOST:
                self.lost = struct.unpack("<Q", body)[0]
            elif kind == CLOSING:
                self.is_closing = True
            elif kind == REFUSED:
                raise PermissionError(refusal(body))
        got, self.delivered = self.delivered[:count], self.delivered[count:]
        return got

    def rest(self):
        """Every packet until the relay ends the connection."""
        got = []
        try:
            while True:
                got += self.receive(max(1, len(self.delivered)))
        except (Ended, ConnectionError):
            return got + self.delivered


def spawn(words, **options):
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, **options)


class Relay:
    """The program, in a folder of its own, on ports that the system chooses."""

    def __init__(self, nodewise, *words, config=None, rules=None, env=None, before=None):
        self.words = [nodewise, "relay", "--unix", "s", "--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0",
                      "--http", "127.0.0.1:0", "--log", "json"]
        if config is not None:
            self.words += ["--config", write("config.yaml", config)]
        if rules is not None:
            self.words += ["--rules", write("rules.yaml", rules)]
        self.words += words
        self.lines, self.events = [], queue.Queue()
        self.process = spawn(self.words, stderr=subprocess.PIPE, text=True,
                             env=dict(os.environ, **(env or {})), preexec_fn=before)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.about = self.event("started")
        self.unix = "s"
        self.tcp = self.port("tcp")
        self.udp = self.port("udp")
        self.http = self.port("http")

    def port(self, name):
        host, _, port = self.about[name].rpartition(":")
        return (host, int(port)) if host else None

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            try:
                self.events.put(json.loads(line))
            except ValueError:
                self.events.put({"event": "not JSON", "line": line})
        self.events.put({"event": "end"})

    def event(self, name):
        """The next event of that name."""
        until = time.monotonic() + WAIT_S
        while True:
            try:
                event = self.events.get(timeout=max(0, until - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no event {name}:\n{''.join(self.lines)}") from None
            if event["event"] == name:
                return event
            if event["event"] == "end":
                self.events.put(event)
                raise AssertionError(f"ended before {name}:\n{''.join(self.lines)}")

    def kill(self, number):
        self.process.send_signal(number)

    def get(self, path):
        """(status, text)"""
        url = f"http://{self.http[0]}:{self.http[1]}{path}"
        try:
            with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        """{name: sum over its samples, name{labels}: value}"""
        values = collections.defaultdict(float)
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith("#"):
                continue
            name, value = line.rsplit(" ", 1)
            values[name] += float(value)
            if "{" in name:
                values[name[:name.index("{")]] += float(value)
        return values

    def stop(self, number=signal.SIGTERM):
        """The last event, and the exit code."""
        self.kill(number)
        return self.wait()

    def wait(self):
        code = self.process.wait(WAIT_S)
        self.reader.join(WAIT_S)
        events = [json.loads(line) for line in self.lines if line.startswith("{")]
        return events[-1], code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(WAIT_S)
        self.reader.join(WAIT_S)
        self.process.stderr.close()


def forbid(number, error, argument=None):
    """Refuses a system call to this process and all that it starts: by its number, and by what its
    third argument is."""
    code = [(0x20, 0, 0, 0)]                                 # its number
    if argument is None:
        code += [(0x15, 0, 1, number)]
    else:
        code += [(0x15, 0, 3, number), (0x20, 0, 0, 32), (0x15, 0, 1, argument)]
    code += [(0x06, 0, 0, 0x00050000 | error), (0x06, 0, 0, 0x7FFF0000)]
    filters = b"".join(struct.pack("<HBBI", *line) for line in code)
    filters = ctypes.create_string_buffer(filters, len(filters))
    program = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(filters))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(program)):
        raise OSError(ctypes.get_errno(), "seccomp")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class NatsServer:
    """A nats-server with JetStream in a folder of this test, on loopback, that can be killed and come again."""

    def __init__(self, tool, folder, *words, login=None):
        self.folder, self.login = folder, login
        self.words = [tool, "-a", "127.0.0.1", "-p", str(free_port()), "-js", "-sd", folder, *words]
        self.port = int(self.words[4])
        self.url = f"nats://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        self.process = spawn(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + WAIT_S
        while True:
            try:
                return self.ask().close()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def ask(self):
        """A client that it lets in."""
        return Nats(self.port, self.login)

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        if number not in (signal.SIGSTOP, signal.SIGCONT):
            self.process.wait(WAIT_S)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(WAIT_S)


class Nkey:
    """A key of NATS, made and used by openssl; kind: operator, account or user."""

    PREFIX = {"operator": 14 << 3, "account": 0, "user": 20 << 3}

    def __init__(self, kind, pem):
        self.kind, self.pem = kind, pem
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", pem)
        self.public = self.text(bytes([self.PREFIX[kind]]),
                                self.openssl("pkey", "-in", pem, "-pubout", "-outform", "DER"))
        first = 18 << 3 | self.PREFIX[kind] >> 5
        self.seed = self.text(bytes([first, (self.PREFIX[kind] & 31) << 3]),
                              self.openssl("pkey", "-in", pem, "-outform", "DER"))

    @staticmethod
    def openssl(*words):
        return subprocess.run(["openssl", *words], capture_output=True, check=True, timeout=WAIT_S).stdout

    @staticmethod
    def text(prefix, der):
        raw = prefix + der[-32:]
        return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")

    def sign(self, data):
        write(self.pem + ".data", data)
        return base64.urlsafe_b64encode(self.openssl("pkeyutl", "-sign", "-inkey", self.pem, "-rawin", "-in",
                                                     self.pem + ".data")).decode().rstrip("=")

    def token(self, signer, **claims):
        """A JWT about this key."""
        body = {"jti": self.public, "iat": int(time.time()), "iss": signer.public, "sub": self.public,
                "name": self.kind, "nats": {"type": self.kind, "version": 2, **claims}}
        text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
                        for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, body))
        return text + "." + signer.sign(text)


class Nats:
    """As much of a client as asks JetStream questions."""

    def __init__(self, port, login=None):
        """login: of the server's INFO, what CONNECT is to say beside the usual."""
        self.socket = socket.create_connection(("127.0.0.1", port), WAIT_S)
        self.file = self.socket.makefile("rb")
        info = json.loads(self.file.readline().split(b" ", 1)[1])
        words = {"verbose": False, "headers": True, "no_responders": True, **(login(info) if login else {})}
        self.socket.sendall(b"CONNECT " + json.dumps(words).encode() + b"\r\nSUB answers.* 1\r\nPING\r\n")
        line = self.file.readline()
        while line.strip() != b"PONG":
            if not line or line.startswith(b"-ERR"):
                raise PermissionError(line.decode())
            line = self.file.readline()
        self.count = 0

    def close(self):
        self.file.close()
        self.socket.close()

    def publish(self, subject, data, reply=""):
        self.socket.sendall(f"PUB {subject} {reply} {len(data)}\r\n".encode() + data + b"\r\n")

    def ask(self, subject, **body):
        self.count += 1
        self.publish(subject, json.dumps(body).encode() if body else b"", f"answers.{self.count}")
        while True:
            words = self.file.readline().split()
            if words and words[0] == b"PING":
                self.socket.sendall(b"PONG\r\n")
            elif words and words[0] in (b"MSG", b"HMSG"):
                data = self.file.read(int(words[-1]) + 2)[:-2]
                if words[1] == f"answers.{self.count}".encode():
                    return json.loads(data) if words[0] == b"MSG" else {"status": data}
            elif not words:
                raise OSError("the server has gone")

    def stream(self, name="NODEWISE"):
        """The data of its messages, in their order."""
        got = []
        state = self.ask(f"$JS.API.STREAM.INFO.{name}")["state"]
        for number in range(state["first_seq"], state["last_seq"] + 1):
            answer = self.ask(f"$JS.API.STREAM.MSG.GET.{name}", seq=number)
            if "message" in answer:
                got.append(base64.b64decode(answer["message"]["data"]))
        return got


def write(name, text, mode=0o600):
    """Whole or not at all, as a reload may read it at any moment."""
    pathlib.Path(name + ".new").write_text(text)
    os.chmod(name + ".new", mode)
    os.replace(name + ".new", name)
    return name
