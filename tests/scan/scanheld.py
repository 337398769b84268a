# SPDX-License-Identifier: MIT
"""Cases of run-scan: a worker that the machine keeps waiting costs no answer."""
import ctypes
import json
import os
import subprocess
import time

from scannet import LIMIT_S, addresses, check

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17  # of ptrace(2)
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if LIBC.ptrace(request, thread, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def workers_of(process):
    """Threads of the scan's workers, in their order; none before they are all there."""
    threads = []
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{thread}/comm", encoding="utf-8") as file:
            name = file.read().strip()
        if name.startswith("scan"):
            threads.append((name, int(thread)))
    return [thread for _, thread in sorted(threads)]


def first_worker(process, count):
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        threads = workers_of(process)
        if len(threads) == count:
            return threads[0]
        time.sleep(0.01)
    raise AssertionError("no workers")


def what_a_worker_hands_over_late_is_not_lost(case):
    """Answers to echoes have no port, so the first worker gets all; it stands still until long after
    the second's wait for them is over."""
    words = ("-sn", "10.64.0.0/26", "--workers", "2", "--rate", "100", "--wait", "300ms", "--json",
             "--stats-every", "0", "-oL", "list")
    with subprocess.Popen(case.command(*words), cwd=case.folder, stderr=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        thread = first_worker(process, 2)
        time.sleep(0.3)
        ptrace(SEIZE, thread)
        ptrace(INTERRUPT, thread)
        os.waitpid(thread, 0x40000000)  # __WALL: it stands
        time.sleep(1.5)
        ptrace(DETACH, thread)
        output, errors = process.communicate(timeout=LIMIT_S)
    check(process.returncode == 0, errors)
    counts = json.loads(output)
    check(counts["up"] == 64 and counts["unanswered"] == 0, counts)
    check(counts["handed_over"] > 0, f"nothing was handed over: {counts}")
    with open(os.path.join(case.folder, "list"), encoding="utf-8") as file:
        found = [line.split()[3] for line in file if not line.startswith("#")]
    check(sorted(found) == sorted(addresses("10.64.0.", 0, 63)), f"{len(found)} found")
    case.far.take()


CASES = [what_a_worker_hands_over_late_is_not_lost]
