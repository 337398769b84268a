# SPDX-License-Identifier: MIT
"""Cases of run-scan: answers that are received by AF_XDP, which the scan's own counts by path prove,
and what that leaves to the machine: its own frames, and an interface without a program.
"""
import json
import platform
import signal
import socket
import struct
import subprocess
import threading
import time

from scannet import (
    FAR, LIMIT_S, NEAR, Echoes, Skip, addresses, bind_and_send, check, enter, forge, ip, run, tool,
    without_call)

BPF_CALL = {"x86_64": 321, "aarch64": 280}
DRIVER = "answers by AF_XDP (a program in the driver, copying (zero-copy: Operation not supported))"


def has_program(interface="va"):
    return "xdp" in run("ip", "-n", NEAR, "link", "show", interface).stdout


REFUSED = []  # why the kernel takes no program, once it was asked


def need_program(case):
    if not REFUSED:
        line = case.scan("10.64.0.1", "-p80", "--wait", "0", "--path", "xdp").stderr.split("\n")[1]
        REFUSED.append(line if "TPACKET_V3 (AF_XDP: a " in line else "")
    if REFUSED[0]:
        raise Skip(REFUSED[0])


def begin(case, *words):
    """A scan whose workers have begun, with its program on va."""
    process = subprocess.Popen(case.command(*words, "--path", "xdp", "--stats-every", "0"), cwd=case.folder,
                               stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = [process.stderr.readline(), process.stderr.readline()]
    if DRIVER not in said[-1] or not has_program():
        process.kill()
        raise AssertionError(f"no program was seen: {said} {process.communicate()[1]}")
    return process


def wait_for_ipv6():
    """The kernels have made sure that their own addresses are theirs alone."""
    end = time.monotonic() + LIMIT_S
    for namespace in (NEAR, FAR):
        while run("ip", "-n", namespace, "-6", "addr", "show", "tentative").stdout and time.monotonic() < end:
            time.sleep(0.1)


def answers_come_by_the_socket_and_each_is_told_once(case):
    need_program(case)
    case.far.take()
    keys, counts = case.found("10.64.0.0/24", "-p80,81", "--path", "xdp")
    check(keys == {(a, 80, "open") for a in addresses("10.64.0.")} |
          {(a, 81, "closed") for a in addresses("10.64.0.")}, f"not just what is there: {counts}")
    check(counts["received_xdp"] == 512, counts)
    asked = case.far.take()
    check(asked == {(a, p, "tcp"): 1 for a in addresses("10.64.0.") for p in (80, 81)}, "not each once")
    wait_for_ipv6()
    keys, counts = case.found("fd00:64::/120", "-p80", "--path", "xdp")
    check(len(keys) == 256 and counts["received_xdp"] == 256, counts)
    keys, counts = case.found("10.64.0.0/24", "-p80", "--path", "auto")
    check(len(keys) == 256 and counts["received_xdp"] == 0, counts)
    check(not has_program(), "the program is still there")
    case.far.take()


def how_answers_come_is_told_with_the_reason(case):
    need_program(case)
    words = ("10.64.0.0/28", "-p80", "--wait", "300ms", "--path", "xdp")
    done = case.scan(*words)
    check(DRIVER in done.stderr and "16 frames received by AF_XDP, " in done.stderr, done.stderr)
    ip(FAR, "link", "set", "vb", "mtu", "9000")  # more than a driver's program can have in a page
    try:
        done = case.scan(*words)
    finally:
        ip(FAR, "link", "set", "vb", "mtu", "1500")
    check("answers by AF_XDP (a program after the driver (in it: " in done.stderr and
          "16 frames received by AF_XDP, " in done.stderr, done.stderr)
    done = case.scan("10.64.0.0/28", "-sU", "-p7", *words[2:])
    check("answers by TPACKET_V3 (AF_XDP takes answers of TCP alone)" in done.stderr, done.stderr)
    check(not has_program(), "the program is still there")
    case.far.take()


def where_no_program_may_be_answers_come_by_the_ring(case):
    need_program(case)
    if platform.machine() not in BPF_CALL:
        raise Skip(f"the number of bpf(2) is not known for {platform.machine()}")
    refuse = without_call(BPF_CALL[platform.machine()])
    done = case.scan("10.64.0.0/28", "-p80", "--wait", "300ms", "--path", "xdp", preexec_fn=refuse)
    check("AF_XDP past the queueing discipline (as was asked for), answers by TPACKET_V3 "
          "(AF_XDP: a map for sockets: Operation not permitted)" in done.stderr, done.stderr)
    check("\n0 frames received by AF_XDP, " in done.stderr, done.stderr)
    keys, _ = case.found("10.64.0.0/24", "-p80", "--path", "xdp", preexec_fn=refuse)
    check(len(keys) == 256, f"{len(keys)} found")
    with begin(case, "10.64.0.0/24", "-p80", "--rate", "20", "--wait", "0") as process:
        try:  # the interface is another's: its queue, and the place of its program
            done = case.scan("10.64.0.1", "-p80", "--path", "xdp", "-q", status=1)
            check("another AF_XDP socket has the queue" in done.stderr, done.stderr)
        finally:
            process.kill()
    case.far.take()


def what_is_lost_is_asked_again_by_the_socket_too(case):
    need_program(case)
    nft = tool("nft")
    rules = "table ip lossy { chain in { type filter hook prerouting priority -300; " \
        "iifname vb numgen random mod 100 < 10 drop; }; }"
    subprocess.run(["ip", "netns", "exec", FAR, nft, "-f", "-"], input=rules, text=True, check=True)
    try:
        keys, counts = case.found("10.64.0.0/25", "-p80,81", "--retries", "7", "--path", "xdp")
    finally:
        run("ip", "netns", "exec", FAR, nft, "delete", "table", "ip", "lossy")
    check(keys == {(a, 80, "open") for a in addresses("10.64.0.", 0, 127)} |
          {(a, 81, "closed") for a in addresses("10.64.0.", 0, 127)}, counts)
    check(counts["sent"] > counts["asked"] == 256 == counts["received_xdp"], counts)
    case.far.take()


def forged_and_repeated_answers_are_counted_by_the_socket_too(case):
    need_program(case)
    frames = forge()
    with begin(case, "10.64.1.0/24", "-p80", "--rate", "0", "--wait", "1500ms", "--json",
               "-oL", "list") as process:
        holder = threading.Thread(target=lambda: (enter(FAR), bind_and_send(frames)))
        holder.start()
        holder.join()
        output, errors = process.communicate(timeout=LIMIT_S)
    counts = json.loads(output)
    check(process.returncode == 0 and counts["open"] == 0, f"{counts} {errors}")
    # Those that are cut are the ring's.
    check(counts["forged"] >= 256 == counts["received_xdp"] and counts["received"] > 256, counts)
    echoes = Echoes(50)
    echoes.start()
    check(echoes.ready.wait(10), "nobody answers")
    try:
        keys, counts = case.found("10.64.1.0/26", "-p80", "--retries", "1", "--path", "xdp")
    finally:
        echoes.is_over = True
        echoes.join(2)
    check(keys == {(a, 80, "open") for a in addresses("10.64.1.", 0, 63)}, keys)
    check(counts["duplicates"] == 50 * counts["sent"] - 64 and
          counts["received_xdp"] == 50 * counts["sent"], counts)
    case.far.take()


def serve(ready, said):
    """A service of this machine, on a port of those that are scanned from."""
    enter(NEAR)
    with socket.create_server(("192.168.98.1", 61616)) as listener:
        listener.settimeout(20)
        ready.set()
        connection, _ = listener.accept()
        with connection:
            connection.sendall(connection.recv(100))
            said.append(connection.recv(100))


def ask(heard):
    enter(FAR)
    with socket.create_connection(("192.168.98.1", 61616), timeout=10) as connection:
        connection.sendall(b"hello")
        heard.append(connection.recv(100))


def ping(heard):
    """An echo, of which the machine has the answer."""
    enter(NEAR)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(10)
        head = struct.pack(">HHH", 0x0800, 7, 7)
        words = struct.unpack(">5H", head + b"echo")
        number = sum(words)
        number = (number & 0xffff) + (number >> 16)
        raw.sendto(head[:2] + struct.pack(">H", ~number & 0xffff) + head[2:] + b"echo", ("192.168.98.2", 0))
        heard.append(raw.recv(200)[-4:])


def what_is_no_answer_reaches_the_machine(case):
    need_program(case)
    ready, said, heard = threading.Event(), [], []
    server = threading.Thread(target=serve, args=(ready, said), daemon=True)
    server.start()
    check(ready.wait(10), "no service")
    with begin(case, "10.64.0.0/24", "-p80", "--rate", "200", "--wait", "300ms", "--json",
               "-oL", "list") as process:
        client = threading.Thread(target=ask, args=(heard,), daemon=True)
        client.start()
        client.join(20)
        server.join(20)
        pinger = threading.Thread(target=ping, args=(heard,), daemon=True)
        pinger.start()
        pinger.join(20)
        check(process.poll() is None, "the scan was over before")
        output, _ = process.communicate(timeout=LIMIT_S)
    check(heard == [b"hello", b"echo"] and said == [b""], f"{heard} {said}")
    check(json.loads(output)["open"] == 256, output)
    case.far.take()


def nothing_stays_on_the_interface(case):
    need_program(case)
    for how, status in ((None, 0), (signal.SIGINT, 3), (signal.SIGKILL, -9)):
        with begin(case, "10.64.0.0/24", "-p80", "--rate", "400", "--wait", "0",
                   "--resume", "state") as process:
            if how:
                process.send_signal(how)
            _, errors = process.communicate(timeout=LIMIT_S)
        check(process.returncode == status, f"{how}: {process.returncode} {errors}")
        end = time.monotonic() + LIMIT_S
        while has_program() and time.monotonic() < end:
            time.sleep(0.01)  # a process that was killed has ended a little later
        check(not has_program(), f"{how}: the program is still there")
        subprocess.run(["rm", "-f", case.folder + "/state"], check=True)
    case.far.take()


def each_queue_has_a_socket_and_answers_find_home(case):
    need_program(case)
    try:
        ip(NEAR, "link", "add", "wa", "numtxqueues", "2", "numrxqueues", "2", "type", "veth", "peer", "name",
           "wb", "numtxqueues", "2", "numrxqueues", "2", "netns", FAR)
    except subprocess.CalledProcessError as error:
        raise Skip(f"no veth with two queues: {error.stderr}") from error
    try:
        ip(NEAR, "addr", "add", "192.168.97.1/30", "dev", "wa")
        ip(FAR, "addr", "add", "192.168.97.2/30", "dev", "wb")
        ip(NEAR, "link", "set", "wa", "up")
        ip(FAR, "link", "set", "wb", "up")
        ip(FAR, "route", "add", "local", "10.67.0.0/23", "dev", "lo", "table", "local")
        ip(NEAR, "route", "add", "10.67.0.0/23", "via", "192.168.97.2")
        done = case.scan("10.67.0.1", "-p80", "--workers", "2", "--path", "xdp", "--wait", "300ms")
        check(done.stderr.count(DRIVER) == 2, done.stderr)
        keys, counts = case.found("10.67.0.0/23", "-p80", "--workers", "2", "--path", "xdp")
        check(len(keys) == 512 == counts["open"], counts)
        check(counts["received_xdp"] == 512 and counts["handed_over"] > 0, counts)
        # One worker has one queue: what comes by the other is the ring's.
        keys, counts = case.found("10.67.0.0/23", "-p80", "--workers", "1", "--path", "xdp")
        check(len(keys) == 512 and 0 < counts["received_xdp"] < 512 <= counts["received"], counts)
        check(not has_program("wa"), "the program is still there")
    finally:
        ip(FAR, "route", "del", "local", "10.67.0.0/23", "dev", "lo", "table", "local")
        ip(NEAR, "link", "del", "wa")
    case.far.take()


CASES = [answers_come_by_the_socket_and_each_is_told_once, how_answers_come_is_told_with_the_reason,
         where_no_program_may_be_answers_come_by_the_ring, what_is_lost_is_asked_again_by_the_socket_too,
         forged_and_repeated_answers_are_counted_by_the_socket_too, what_is_no_answer_reaches_the_machine,
         nothing_stays_on_the_interface, each_queue_has_a_socket_and_answers_find_home]
