# SPDX-License-Identifier: MIT
"""Cases of run-scan: scans by connections of the kernel's."""
import json
import os
import signal
import subprocess
import time

from scannet import LIMIT_S, addresses, check, without_uring


def connections_find_what_is_there(case):
    wanted = {(a, 80, "open") for a in addresses("10.64.0.")} | \
        {(a, 81, "closed") for a in addresses("10.64.0.")}
    for more in ({}, {"preexec_fn": without_uring}):
        for words in (("--workers", "1"), ("--workers", "2"), ("--max-parallelism", "3")):
            keys, counts = case.found("-sT", "10.64.0.0/24", "-p80,81", *words, **more)
            check(keys == wanted, f"{words}: not just what is there")
            check(counts["sent"] == 512 and counts["timed_out"] == 0, counts)
            asked = case.far.take()
            check({k: 1 for k in asked} == asked and len(asked) == 512, "not each once")
    done = case.scan("-sT", "10.64.0.1", "-p80", "--wait", "300ms", preexec_fn=without_uring)
    check("epoll, io_uring is not allowed: Operation not permitted" in done.stderr, done.stderr)
    case.far.take()
    keys, counts = case.found("-sT", "fd00:64::/120", "-p80,81")
    check(len([k for k in keys if k[2] == "open"]) == 256, counts)
    check(len([k for k in keys if k[2] == "closed"]) == 256, counts)
    check(len(case.far.take()) == 512, "questions")


def the_silent_and_the_unreachable_are_told_apart_by_connections(case):
    for more in ({}, {"preexec_fn": without_uring}):
        keys, counts = case.found("-sT", "10.64.1.0/28", "10.64.0.0/28", "-p80", "--retries", "1",
                                  **more)
        check(keys == {(a, 80, "open") for a in addresses("10.64.0.", 0, 15)}, keys)
        check(counts["asked"] == 32 and counts["unanswered"] == 16, counts)
        check(counts["sent"] == 48 and counts["timed_out"] == 32, counts)
        case.far.take()
        # A router's errors come five at once, then one a second.
        keys, counts = case.found("-sT", "10.64.2.0/30", "10.64.3.0/28", "-p80", **more)
        check(keys <= {(a, 80, "filtered") for a in addresses("10.64.2.", 0, 3)} |
              {(a, 80, "filtered") for a in addresses("10.64.3.", 0, 15)}, keys)
        check(len(keys) >= 16 + (not more), keys)
        case.far.take()


def seconds_of(case, words):
    counts = json.loads(case.scan("-sT", "10.64.0.0/28", "10.64.1.0/28", "-p80", "--json", "--wait", "5s",
                                  *words).stdout)
    check(counts["open"] == 16 and counts["unanswered"] == 16, counts)
    case.far.take()
    return counts["seconds"]


def connections_are_given_what_they_need(case):
    """Of 512 half are silent: with answers at once those are given up soon where they are asked again,
    or where others wait for their lines; --max-rtt-timeout is the most for each."""
    keys, counts = case.found("-sT", "10.64.0.0/24", "10.64.1.0/24", "-p80", "--max-parallelism", "32",
                              "--workers", "1")
    check(keys == {(a, 80, "open") for a in addresses("10.64.0.")}, f"{len(keys)} found")
    check(counts["unanswered"] == 256, counts)
    case.far.take()
    for words, less_s in ((("--retries", "1"), 1.8), (("--max-rtt-timeout", "150ms"), 0.9)):
        took = [seconds_of(case, words) for _ in range(3)]
        check(min(took) < less_s, f"{words}: {took}")
    for words in (("-sT", "--max-rtt-timeout", "2s"), ("-sS", "--max-rtt-timeout", "100ms")):
        done = case.scan(*words, "10.64.0.1", "-p80", status=2)
        check("--max-rtt-timeout" in done.stderr and done.stderr.count("\n") <= 2, done.stderr)


def a_stopped_scan_of_connections_goes_on_where_it_was(case):
    state = os.path.join(case.folder, "state")
    with subprocess.Popen(case.command("-sT", "10.64.0.0/24", "-p80", "--rate", "200", "--wait",
                                       "300ms", "-oL", "list", "--resume", state),
                          cwd=case.folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True) as process:
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=LIMIT_S)
    check(process.returncode == 3 and "--resume" in errors, f"{process.returncode} {errors}")
    case.scan("--resume", state)
    with open(os.path.join(case.folder, "list"), encoding="utf-8") as file:
        found = [line.split()[3] for line in file if line.startswith("open")]
    check(sorted(found) == sorted(addresses("10.64.0.")), f"{len(found)} found")
    asked = case.far.take()
    check(asked == {(a, 80, "tcp"): 1 for a in addresses("10.64.0.")},
          f"not each once: {len(asked)}, {[k for k in asked if asked[k] != 1]}")


def this_machine_is_asked_by_connections(case):
    """Its kernel drops frames to itself. A range that begins with an own address goes out all the same."""
    for target in ("127.0.0.1", "192.168.98.1"):
        done = case.scan(target, "-p81", "--wait", "300ms", "-oL", "-")
        check("this machine itself: connecting, as -sT" in done.stderr, done.stderr)
        check(any(l.startswith(f"closed tcp 81 {target} ") for l in done.stdout.splitlines()), done.stdout)
        done = case.scan("-sS", target, "-p81", status=2)
        check("-sT connects" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
    keys, counts = case.found("192.168.98.1-192.168.98.2", "-p80")
    check(keys == {("192.168.98.2", 80, "open")} and counts["interface"] == "va", f"{keys} {counts}")


CASES = [this_machine_is_asked_by_connections, connections_find_what_is_there, the_silent_and_the_unreachable_are_told_apart_by_connections,
         connections_are_given_what_they_need, a_stopped_scan_of_connections_goes_on_where_it_was]
