# SPDX-License-Identifier: MIT
"""What the cases of run-scan happen in: namespaces, a far side that counts what it is asked, services
that speak, a local network with hosts of its own, and whoever answers too much.
"""
import collections
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time

PAIR = f"nwscan{os.getpid()}"
NEAR, FAR = PAIR + "a", PAIR + "b"
QUIET_S = 0.4  # after which nothing more arrives
LIMIT_S = 60 * int(os.environ.get("NW_TEST_SLOW", "1"))


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True)


def ip(namespace, *words):
    run("ip", "-n", namespace, *words)


def make_network():
    for namespace in (NEAR, FAR):
        run("ip", "netns", "add", namespace)
        ip(namespace, "link", "set", "lo", "up")
    ip(NEAR, "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", FAR)
    ip(NEAR, "addr", "add", "192.168.98.1/30", "dev", "va")
    ip(FAR, "addr", "add", "192.168.98.2/30", "dev", "vb")
    ip(NEAR, "addr", "add", "fd00:98::1/64", "dev", "va", "nodad")
    ip(FAR, "addr", "add", "fd00:98::2/64", "dev", "vb", "nodad")
    for namespace, link in ((NEAR, "va"), (FAR, "vb")):
        ip(namespace, "link", "set", link, "up")
    # The far side answers for 10.64.0.0/24 and fd00:64::/120, is silent for 10.64.1.0/24
    # and cannot reach 10.64.2.0/24.
    ip(FAR, "route", "add", "local", "10.64.0.0/24", "dev", "lo", "table", "local")
    ip(FAR, "route", "add", "blackhole", "10.64.1.0/24")
    ip(FAR, "route", "add", "unreachable", "10.64.2.0/24")
    ip(FAR, "-6", "route", "add", "local", "fd00:64::/120", "dev", "lo", "table", "local")
    ip(NEAR, "route", "add", "10.64.0.0/16", "via", "192.168.98.2")
    ip(NEAR, "route", "add", "unreachable", "10.64.3.0/24")
    ip(NEAR, "-6", "route", "add", "fd00:64::/64", "via", "fd00:98::2")
    for name in ("net/ipv4/ip_forward=1", "net/ipv4/tcp_syncookies=2", "net/ipv4/icmp_ratelimit=0",
                 "net/ipv6/icmp/ratelimit=0"):
        path, value = name.split("=")
        run("ip", "netns", "exec", FAR, "sh", "-c", f"echo {value} >/proc/sys/{path}")


def drop_network():
    for namespace in (NEAR, FAR):
        subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)


def enter(namespace):
    """The calling thread goes on in that namespace."""
    with open(f"/run/netns/{namespace}", "rb") as file:
        libc = __import__("ctypes").CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError("setns")


def came_in(interface, listener):
    """The raw socket and each frame that comes in until the listener is_over; it is ready at once."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    # As long as this thread may have to wait for its turn.
    raw.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_RCVBUFFORCE", 33), 16 << 20)
    raw.bind((interface, 0))
    raw.settimeout(0.05)
    listener.ready.set()
    while not listener.is_over:
        try:
            frame, where = raw.recvfrom(2048)
        except TimeoutError:
            continue
        if where[2] != socket.PACKET_OUTGOING:
            yield raw, frame


class Far(threading.Thread):
    """Listens on port 80 and on UDP port 7 of every address; counts the questions on vb."""

    def __init__(self):
        super().__init__(daemon=True)
        self.ready, self.asked, self.is_over = threading.Event(), collections.Counter(), False
        self.raw = None

    def run(self):
        enter(FAR)
        listeners = []
        for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            listener = socket.socket(family, socket.SOCK_STREAM)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((any_address, 80))
            listener.listen(4096)
            listeners.append(listener)
        self.echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.echo.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: answer from what was asked
        self.echo.bind(("0.0.0.0", 7))
        self.echo.setblocking(False)
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.raw.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.raw.bind(("vb", 0))
        self.raw.settimeout(0.05)
        self.ready.set()
        while not self.is_over:
            self.answer_echoes()
            try:
                frame, where = self.raw.recvfrom(2048)
            except TimeoutError:
                continue
            if where[2] != socket.PACKET_OUTGOING:
                self.count(frame)

    def answer_echoes(self):
        try:
            while True:
                data, more, _, sender = self.echo.recvmsg(512, 256)
                self.echo.sendmsg([data], [(m[0], m[1], struct.pack("=I", 0) + m[2][8:12] + m[2][8:12])
                                           for m in more], 0, sender)
        except BlockingIOError:
            pass

    def count(self, frame):
        if frame[12:14] == b"\x08\x00":
            protocol, target, at = frame[23], socket.inet_ntoa(frame[30:34]), 14 + (frame[14] & 15) * 4
        elif frame[12:14] == b"\x86\xdd":
            protocol, at = frame[20], 54
            target = socket.inet_ntop(socket.AF_INET6, frame[38:54])
        else:
            return
        if protocol == 6 and frame[at + 13] & 0x3f == 2:  # a SYN and nothing else
            self.asked[target, struct.unpack(">H", frame[at + 2:at + 4])[0], "tcp"] += 1
        elif protocol == 17:
            self.asked[target, struct.unpack(">H", frame[at + 2:at + 4])[0], "udp"] += 1
        elif protocol == 1 and frame[at] == 8:
            self.asked[target, 0, "echo"] += 1

    def take(self):
        """What was asked since the last call, once no more arrives."""
        last = -1
        while sum(self.asked.values()) != last:
            last = sum(self.asked.values())
            time.sleep(QUIET_S)
        asked, self.asked = self.asked, collections.Counter()
        return {key: n for key, n in asked.items() if key[0].startswith(("10.64.", "fd00:64:"))}


class Case:
    """What a case may use."""

    def __init__(self, program, far, folder):
        self.program, self.far, self.folder = program, far, folder

    def command(self, *words):
        return ["ip", "netns", "exec", NEAR, self.program, "scan", *words]

    def scan(self, *words, status=0, **more):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=LIMIT_S,
                              cwd=self.folder, check=False, **more)
        check(done.returncode == status, f"{words}: status {done.returncode}\n{done.stderr}")
        return done

    def found(self, *words, **more):
        """Findings as a set, and the closing counts, which have to add up."""
        path = os.path.join(self.folder, "found")
        done = self.scan(*words, "-oJ", path, "--json", "--wait", "300ms", "--rate", "20k", "-q",
                         **more)
        with open(path, encoding="utf-8") as file:
            lines = [f for f in map(json.loads, file) if f["event"] in ("port", "host")]
        keys = [(f["address"], f.get("port", 0), f["state"]) for f in lines]
        check(len(keys) == len(set(keys)), "something was told twice")
        counts = json.loads(done.stdout)
        answered = sum(counts[key] for key in ("open", "closed", "unreachable", "up"))
        check(counts["sent"] == answered + counts["timed_out"], f"not conserved: {counts}")
        check(counts["asked"] == answered + counts["unanswered"], f"not conserved: {counts}")
        check(len(lines) == answered, f"{len(lines)} told, {answered} counted")
        return set(keys), counts


def check(fact, what):
    if not fact:
        raise AssertionError(what)


def addresses(prefix, first=0, last=255):
    return [f"{prefix}{n}" for n in range(first, last + 1)]


def forge():
    """SYN-ACKs of 10.64.1.x:80 with made-up numbers, and cut and empty frames."""
    frames = []
    near = bytes.fromhex(run("ip", "netns", "exec", NEAR, "cat", "/sys/class/net/va/address")
                         .stdout.strip().replace(":", ""))
    for n in range(256):
        tcp = struct.pack(">HHIIBBHHH", 80, 61000 + n, 7, n * 12345, 0x50, 0x12, 1000, 0, 0)
        packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, n, 0, 64, 6, 0,
                             socket.inet_aton(f"10.64.1.{n}"), socket.inet_aton("192.168.98.1"))
        frames.append(near + b"\2\0\0\0\0\1\x08\0" + packet + tcp)
        frames.append((near + b"\2\0\0\0\0\1\x08\0" + packet + tcp)[:14 + n % 40])
    return frames


def bind_and_send(frames):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind(("vb", 0))
    for frame in frames:
        raw.send(frame)
    raw.close()


UNPRIVILEGED = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                "--bounding-set=-all", "--no-new-privs")


def without_call(number):
    """For the child: that system call is refused, as in a container."""
    program = b"".join(struct.pack("=HBBI", *line) for line in (
        (0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)))

    def refuse():
        ctypes = __import__("ctypes")
        libc, text = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(program)
        header = struct.pack("@HP", len(program) // 8, ctypes.addressof(text))
        if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, header) != 0:
            raise OSError("no seccomp filters here")
    return refuse


without_uring = without_call(425)  # io_uring_setup(2)


BINARY = bytes(range(256)) + b"<script>&\"'\r\n"
PAGE = (b"HTTP/1.0 200 OK\r\nServer: test/1.0 \xff\x00\r\n\r\n<html><TITLE>a \"title\" & <b></TITLE>")


class Services(threading.Thread):
    """What speaks on the far side, each on its port, one connection after the other."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.ready, self.is_over, self.folder = threading.Event(), False, folder
        self.listeners, self.open = {}, []
        self.says = {22: b"SSH-2.0-Test_1.0 hello\r\n", 25: b"220 mx.example ESMTP Test\r\n",
                     21: b"220-files\r\n220 ready\r\n", 9999: BINARY, 7777: None, 8080: PAGE,
                     7778: PAGE, 443: PAGE, 7779: b"flood" * 100000}

    def run(self):
        enter(FAR)
        for port in self.says:
            listener = socket.create_server(("0.0.0.0", port), backlog=1024)
            listener.settimeout(0)
            self.listeners[port] = listener
        self.context = tls_context(self.folder)
        self.ready.set()
        while not self.is_over:
            for port, listener in self.listeners.items():
                self.serve(port, listener)
            time.sleep(0.005)
        for listener in self.listeners.values():
            listener.close()

    def serve(self, port, listener):
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        threading.Thread(target=self.speak, args=(port, connection), daemon=True).start()

    def speak(self, port, connection):
        try:
            connection.settimeout(5)
            if port == 443:
                connection = self.context.wrap_socket(connection, server_side=True)
            if port in (443, 7778, 8080) and not connection.recv(4096).startswith(b"GET / HTTP/1.0"):
                return
            if self.says[port] is None:
                self.open.append(connection)  # accepted, and never a word
                return
            connection.sendall(self.says[port])
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
        except OSError:
            pass


def tls_context(folder):
    key, certificate = os.path.join(folder, "key"), os.path.join(folder, "certificate")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", key,
        "-out", certificate, "-subj", "/O=Test, Inc./CN=a.example",
        "-addext", "subjectAltName=DNS:a.example,DNS:*.b.example,IP:10.64.0.1")
    context = __import__("ssl").SSLContext(__import__("ssl").PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class Lan:
    """A hub, two hosts with addresses of their own, and what NEAR sends to them, frame by frame."""

    HOSTS = {"h1": "02:00:00:00:65:01", "h2": "02:00:00:00:65:02"}

    def __init__(self):
        self.hub, self.is_over, self.frames, self.sockets = PAIR + "hub", False, [], []
        self.spaces = {name: PAIR + name for name in self.HOSTS}

    def __enter__(self):
        for space in (self.hub, *self.spaces.values()):
            run("ip", "netns", "add", space)
            ip(space, "link", "set", "lo", "up")
        ip(self.hub, "link", "add", "name", "br0", "type", "bridge", "mcast_snooping", "0")
        ip(self.hub, "link", "set", "br0", "up")
        self.plug(NEAR, "lan", "near")
        ip(NEAR, "addr", "add", "10.65.0.1/24", "dev", "lan")
        ip(NEAR, "addr", "add", "fd00:65::1/64", "dev", "lan", "nodad")
        for n, name in enumerate(self.HOSTS, 1):
            self.plug(self.spaces[name], "lan", name)
            ip(self.spaces[name], "link", "set", "lan", "address", self.HOSTS[name])
            ip(self.spaces[name], "addr", "add", f"10.65.0.{16 * n}/24", "dev", "lan")
            ip(self.spaces[name], "route", "add", "local", f"10.65.0.{16 * n}/28", "dev", "lo", "table",
               "local")
            for m in range(2):
                ip(self.spaces[name], "addr", "add", f"fd00:65::{n}{m}/64", "dev", "lan", "nodad")
        ip(NEAR, "route", "add", "10.66.0.0/24", "via", "10.65.0.16")
        ip(self.spaces["h1"], "route", "add", "local", "10.66.0.0/28", "dev", "lo", "table", "local")
        self.ready = threading.Event()
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()
        if not self.ready.wait(10):
            raise RuntimeError("the hub does not hear")
        return self

    def plug(self, space, name, port):
        ip(space, "link", "add", name, "type", "veth", "peer", "name", port, "netns", self.hub)
        ip(self.hub, "link", "set", port, "master", "br0")
        ip(self.hub, "link", "set", port, "up")
        ip(space, "link", "set", name, "up")

    def listen(self):
        for space in self.spaces.values():
            enter(space)
            self.sockets += [socket.create_server(("0.0.0.0", 80), backlog=1024),
                             socket.create_server(("::", 80), family=socket.AF_INET6)]
        enter(self.hub)
        for _, frame in came_in("near", self):
            self.frames.append(frame)

    def syns(self):
        """(address, MAC) of each SYN since the last call, once no more arrives."""
        last = -1
        while len(self.frames) != last:
            last = len(self.frames)
            time.sleep(QUIET_S)
        frames, self.frames = self.frames, []
        return [(socket.inet_ntoa(f[30:34]), ":".join(f"{b:02x}" for b in f[:6])) for f in frames
                if f[12:14] == b"\x08\x00" and f[23] == 6 and f[47] & 0x3f == 2]

    def __exit__(self, *_):
        self.is_over = True
        self.listener.join(2)
        for listener in self.sockets:
            listener.close()
        subprocess.run(["ip", "-n", NEAR, "link", "del", "lan"], capture_output=True, check=False)
        for space in (self.hub, *self.spaces.values()):
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)


class Skip(Exception):
    """Why a case cannot be played here."""


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f"{name} is not here")
    return path


class Echoes(threading.Thread):
    """Answers each SYN to 10.64.1.0/24 as often as it is told, with the right number."""

    def __init__(self, count):
        super().__init__(daemon=True)
        self.count, self.is_over, self.ready = count, False, threading.Event()

    def run(self):
        enter(FAR)
        for raw, frame in came_in("vb", self):
            if frame[12:14] != b"\x08\x00" or frame[23] != 6 \
                    or not frame[30:33] == b"\x0a\x40\x01" or frame[47] & 0x3f != 2:
                continue
            number = struct.unpack(">I", frame[38:42])[0]
            tcp = frame[36:38] + frame[34:36] + struct.pack(">IIBBHHH", 7, number + 1 & 0xffffffff, 0x50,
                                                            0x12, 1000, 0, 0)
            packet = struct.pack(">BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, 0) + frame[30:34] + frame[26:30]
            for _ in range(self.count):
                raw.send(frame[6:12] + frame[:6] + b"\x08\x00" + packet + tcp)
