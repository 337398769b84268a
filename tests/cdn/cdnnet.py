# SPDX-License-Identifier: MIT
"""What the cases of run-cdn happen in: a namespace that owns every address there is, name servers and
web servers in it that answer like providers, like impostors or badly, and one that asks. No packet
leaves them: neither has a way out.
"""
import collections
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

MARK = f"nwcdn{os.getpid()}"
NEAR, FAR = MARK + "a", MARK + "b"
RESOLVER = "192.168.97.2"
TRUNCATES, REFUSES, MUTE, BABBLES = "203.0.113.3", "203.0.113.4", "203.0.113.5", "203.0.113.6"


class Skip(Exception):
    pass


def check(condition, what="it is not so"):
    if not condition:
        raise AssertionError(what)


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more)


def ip(namespace, *words):
    run("ip", "-n", namespace, *words)


def tool(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        raise Skip(f"no {name} here")
    return path


def make_network():
    for namespace in (NEAR, FAR):
        run("ip", "netns", "add", namespace)
        ip(namespace, "link", "set", "lo", "up")
    ip(NEAR, "link", "add", "da", "type", "veth", "peer", "name", "wa", "netns", FAR)
    for namespace, link, last in ((NEAR, "da", "1"), (FAR, "wa", "2")):
        ip(namespace, "addr", "add", f"192.168.97.{last}/30", "dev", link)
        ip(namespace, "addr", "add", f"fd97::{last}/64", "dev", link, "nodad")
        ip(namespace, "link", "set", link, "up")
    ip(NEAR, "route", "add", "default", "via", "192.168.97.2")
    ip(NEAR, "-6", "route", "add", "default", "via", "fd97::2")
    # Every address of IPv4 is local there: that route stands in table `local`, where the source of an
    # answer is looked for, and the way back to the one who asks stands before it.
    for words in (("rule", "add", "pref", "5", "to", "192.168.97.1", "lookup", "main"),
                  ("rule", "add", "pref", "10", "lookup", "local"), ("rule", "del", "pref", "0"),
                  ("route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", "local"),
                  ("-6", "route", "add", "local", "::/0", "dev", "lo", "table", "99"),
                  ("-6", "rule", "add", "iif", "wa", "lookup", "99", "pref", "5")):
        ip(FAR, *words)
    for name in ("all", "wa"):
        run("ip", "netns", "exec", FAR, "sh", "-c", f"echo 0 >/proc/sys/net/ipv4/conf/{name}/rp_filter")
    os.makedirs(f"/etc/netns/{NEAR}", exist_ok=True)
    with open(f"/etc/netns/{NEAR}/resolv.conf", "w", encoding="utf-8") as file:
        file.write(f"nameserver {RESOLVER}\n")


def drop_network():
    for namespace in (NEAR, FAR):
        subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)
    shutil.rmtree(f"/etc/netns/{NEAR}", ignore_errors=True)
    for path in ("/etc/netns",):
        if os.path.isdir(path) and not os.listdir(path):
            os.rmdir(path)


def enter(namespace):
    """The calling thread goes on in that namespace."""
    with open(f"/run/netns/{namespace}", "rb") as file:
        libc = __import__("ctypes").CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError("setns")


def succeeds_near(function):
    """Whether it returns something true, called where one asks from; False for errors of the network."""
    results = []

    def call():
        enter(NEAR)
        try:
            results.append(function())
        except OSError:
            pass
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return bool(results and results[0])


def takes_connections(address, port):
    def connect():
        with socket.create_connection((address, port), 0.2):
            return True
    return succeeds_near(connect)


class Certificates:
    """Certificates of the test's own, by their names; `key` other than 0 is another one."""

    def __init__(self, folder):
        self.folder, self.made = folder, {}

    def key(self, number):
        path = os.path.join(self.folder, f"key{number}")
        if not os.path.exists(path):
            run("openssl", "ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", path)
        return path

    def context(self, subject, names, number=0, issuer="Test CA"):
        which = (subject, tuple(names), number, issuer)
        if which not in self.made:
            path, key = os.path.join(self.folder, f"cert{len(self.made)}"), self.key(number)
            run("openssl", "req", "-x509", "-new", "-key", key, "-days", "9", "-out", path, "-subj",
                f"/O={issuer}/CN={subject}", "-addext",
                "subjectAltName=" + ",".join("DNS:" + name for name in names))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path, key)
            context.paths = path, key
            self.made[which] = context
        return self.made[which]


class Host:
    """What one address shows. hosts: name to (context, headers, body); None: any other name."""

    def __init__(self, default=None, hosts=None, mode="", ports=(80, 443), status="200 OK"):
        self.default, self.hosts, self.mode, self.ports = default, hosts or {}, mode, ports
        self.status = status


PAGE = """<html><head><title>Shop</title></head><body nonce="{nonce}">We sell tables and chairs of oak, ash
and birch, made by hand in our own workshop, and bring them to your home for nothing. Write to us, or
call: we are there from Monday to Friday.<p>request {nonce}</body></html>"""


class Web:
    """Servers on ports 80 and 443 of every address of IPv4 and IPv6."""

    def __init__(self):
        self.hosts, self.asked, self.lock = {}, collections.Counter(), threading.Lock()
        self.requests, self.is_over, self.threads = [], threading.Event(), []
        self.nonce = 0

    def start(self):
        ready = threading.Barrier(5)
        for port in (80, 443):
            for family in (socket.AF_INET, socket.AF_INET6):
                thread = threading.Thread(target=self.listen, args=(family, port, ready), daemon=True)
                thread.start()
                self.threads.append(thread)
        ready.wait(10)

    def take(self):
        with self.lock:
            asked, requests = self.asked, self.requests
            self.asked, self.requests = collections.Counter(), []
        return asked, requests

    def listen(self, family, port, ready):
        enter(FAR)
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(("", port))
        listener.listen(1024)
        listener.settimeout(0.1)
        ready.wait(10)
        while not self.is_over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self.serve, args=(connection, port), daemon=True).start()

    def serve(self, connection, port):
        address = connection.getsockname()[0]
        host = self.hosts.get(address)
        with self.lock:
            self.asked[address, port] += 1
        try:
            connection.settimeout(20)
            if not host or port not in host.ports:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif host.mode == "mute":
                self.is_over.wait(20)
            elif port == 443:
                self.shake(connection, host)
            else:
                self.answer(connection, host, None)
        except (OSError, ssl.SSLError):
            pass
        finally:
            connection.close()

    def shake(self, connection, host):
        seen = {}

        def by_name(stream, name, _):
            seen["name"] = name
            if name in host.hosts and host.hosts[name][0]:
                stream.context = host.hosts[name][0]
            elif not host.default:
                return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
            return None

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        any_context = host.default or next((h[0] for h in host.hosts.values() if h[0]), None)
        if host.mode == "no-tls" or not any_context:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        context.load_cert_chain(*any_context.paths)
        context.sni_callback = by_name
        with context.wrap_socket(connection, server_side=True) as stream:
            self.answer(stream, host, seen.get("name"))

    def answer(self, stream, host, name):
        data = b""
        while b"\r\n\r\n" not in data:
            more = stream.recv(4096)
            if not more:
                return
            data += more
        lines = data.decode("latin-1").split("\r\n")
        headers = {l.split(":", 1)[0].lower(): l.split(":", 1)[1].strip() for l in lines[1:] if ":" in l}
        with self.lock:
            self.requests.append((stream.getsockname()[0], lines[0], headers.get("host"),
                                  headers.get("user-agent"), name))
            self.nonce += 1
            nonce = f"{self.nonce:08x}f00d{time.time_ns():x}"
        if self.misbehave(stream, host):
            return
        _, wanted, body = host.hosts.get(headers.get("host", "").split(":")[0]) or \
            host.hosts.get(None) or (None, {}, "nothing here\n")
        body = body.replace("{nonce}", nonce).encode()
        text = f"HTTP/1.1 {host.status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in wanted.items()) + \
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        stream.sendall(text.encode("latin-1") + (b"" if lines[0].startswith("HEAD") else body))

    def misbehave(self, stream, host):
        """What is no answer, or too much of one. False: it behaves."""
        if host.mode == "stalls":
            stream.sendall(b"HTTP/1.1 200 OK\r\nServer: cloud")
            self.is_over.wait(20)
        elif host.mode == "drips":
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 10000:
                stream.sendall(bytes([byte]))
                if self.is_over.wait(0.1):
                    break
        elif host.mode == "babbles":
            stream.sendall(b"\x00\xff\x17 what? " * 100)
        elif host.mode == "hangs-up":
            return True
        elif host.mode == "endless":
            stream.sendall(b"HTTP/1.1 200 OK\r\nServer: cloudflare\r\nCF-RAY: 7-FRA\r\n")
            while not self.is_over.is_set():
                stream.sendall(b"X-Filler: " + b"y" * 1000 + b"\r\n")
        elif host.mode == "huge":
            stream.sendall(b"HTTP/1.1 200 OK\r\nX-Huge: ")
            while not self.is_over.is_set():
                stream.sendall(b"y" * 4096)
        elif host.mode == "continues":
            while not self.is_over.is_set():
                stream.sendall(b"HTTP/1.1 100 Continue\r\nServer: cloudflare\r\n\r\n")
        else:
            return False
        return True


# --- Name servers ---

def record(owner, kind, value):
    return f"{owner} IN {kind} {value}\n"


class Nsd:
    """nsd with one zone, the root's: all names there are."""

    def __init__(self, folder):
        self.folder, self.process, self.records, self.zone = folder, None, [], None

    def add(self, owner, kind, value):
        self.records.append(record(owner.rstrip(".") + ".", kind, value))

    def write_zone(self):
        zone = os.path.join(self.folder, "zone")
        with open(zone, "w", encoding="utf-8") as file:
            file.write("$ORIGIN .\n$TTL 300\n. IN SOA ns.lab. h.lab. 1 3600 600 86400 60\n. IN NS ns.lab.\n"
                       f"ns.lab. IN A {RESOLVER}\n" + "".join(self.records))
        return zone

    def start(self):
        nsd = tool("nsd")
        conf, zone = os.path.join(self.folder, "nsd.conf"), self.zone or self.write_zone()
        with open(conf, "w", encoding="utf-8") as file:
            file.write(f'server:\n ip-address: {RESOLVER}\n username: ""\n pidfile: ""\n database: ""\n'
                       f' xfrdfile: "{self.folder}/xfrd"\n zonelistfile: "{self.folder}/zones"\n'
                       f' xfrdir: "{self.folder}"\n server-count: 1\nremote-control:\n control-enable: no\n'
                       f'zone:\n name: "."\n zonefile: "{zone}"\n')
        self.process = subprocess.Popen(["ip", "netns", "exec", FAR, nsd, "-d", "-c", conf],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(100):
            if self.answers():
                return
            if self.process.poll() is not None:
                raise RuntimeError("nsd: " + self.process.stderr.read())
            time.sleep(0.05)
        raise RuntimeError("nsd does not answer")

    @staticmethod
    def answers():
        question = b"\0\1\1\0\0\1\0\0\0\0\0\0\2ns\3lab\0\0\1\0\1"

        def ask():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(0.2)
                sock.sendto(question, (RESOLVER, 53))
                return bool(sock.recv(512))
        return succeeds_near(ask)

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process.stderr.close()


class OddNames:
    """Name servers that cut, refuse, are silent or talk nonsense, at addresses of their own."""

    def __init__(self):
        self.is_over, self.asked = threading.Event(), collections.Counter()

    def start(self):
        ready = threading.Barrier(7)
        for address in (TRUNCATES, REFUSES, MUTE, BABBLES):
            threading.Thread(target=self.by_udp, args=(address, ready), daemon=True).start()
        for address in (TRUNCATES, REFUSES):
            threading.Thread(target=self.by_tcp, args=(address, ready), daemon=True).start()
        ready.wait(10)

    def by_udp(self, address, ready):
        enter(FAR)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((address, 53))
        sock.settimeout(0.1)
        ready.wait(10)
        while not self.is_over.is_set():
            try:
                data, sender = sock.recvfrom(4096)
            except TimeoutError:
                continue
            self.asked[address, "udp"] += 1
            answer = self.answer(address, data, True)
            if answer:
                sock.sendto(answer, sender)

    def by_tcp(self, address, ready):
        enter(FAR)
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, 53))
        sock.listen(64)
        sock.settimeout(0.1)
        ready.wait(10)
        while not self.is_over.is_set():
            try:
                connection, _ = sock.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self.serve, args=(connection, address), daemon=True).start()

    def serve(self, connection, address):
        """All questions of a connection, one after the other."""
        connection.settimeout(5)
        try:
            with connection, connection.makefile("rb") as stream:
                while len(head := stream.read(2)) == 2:
                    data = stream.read(struct.unpack(">H", head)[0])
                    self.asked[address, "tcp"] += 1
                    answer = self.answer(address, data, False)
                    connection.sendall(struct.pack(">H", len(answer)) + answer)
        except OSError:
            pass

    @staticmethod
    def answer(address, data, is_udp):
        end = data.index(b"\0", 12) + 5
        question, kind = data[12:end], data[end - 4:end - 2]
        if address == MUTE:
            return None
        if address == REFUSES:
            return data[:2] + b"\x80\x05\0\1\0\0\0\0\0\0" + question
        if address == BABBLES:
            return data[:2] + b"\x84\0\0\1\0\7\0\0\0\0" + question + b"\xc0\x0c\0\1\0\1\0\0\1\0\xff\xff\1"
        if is_udp:
            return data[:2] + b"\x86\0\0\1\0\0\0\0\0\0" + question
        if kind != b"\0\1":
            return data[:2] + b"\x84\0\0\1\0\0\0\0\0\0" + question
        return data[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + question + \
            b"\xc0\x0c\0\1\0\1\0\0\1\0\0\4" + socket.inet_aton("198.51.100.77")
