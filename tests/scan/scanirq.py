# SPDX-License-Identifier: MIT
"""Cases of run-scan: interrupts of a card, which is a folder here, mounted where the program looks."""
import os
import signal
import subprocess
import time

from scannet import LIMIT_S, NEAR, check

BEGIN = "mount --bind {0}/irq /proc/irq && mount --bind {0}/net /sys/class/net && exec \"$@\""


def make_card(folder):
    for name in ("irq/30", "net/va", "device/msi_irqs"):
        os.makedirs(os.path.join(folder, name))
    for name, text in (("irq/30/smp_affinity_list", "0-1\n"), ("device/msi_irqs/30", "msi\n"),
                       ("device/numa_node", "0\n")):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write(text)
    os.symlink(os.path.join(folder, "device"), os.path.join(folder, "net/va/device"))


def affinity(folder):
    with open(os.path.join(folder, "irq/30/smp_affinity_list"), encoding="ascii") as file:
        return file.read().strip()


def wait_for_move(folder):
    end = time.monotonic() + LIMIT_S
    while affinity(folder) == "0-1":
        check(time.monotonic() < end, "the interrupt was not moved")
        time.sleep(0.02)


def interrupts_are_put_back_when_a_scan_is_stopped(case):
    for number in (signal.SIGINT, signal.SIGTERM, None):
        folder = os.path.join(case.folder, f"card{number}")
        make_card(folder)
        words = ["10.64.1.0/24", "-p80", "--pin-irqs", "--rate", "100", "--wait", "300ms", "--resume",
                 "state", "--stats-every", "0"]
        if number is None:
            words += ["--max-runtime", "1"]
        with subprocess.Popen(["ip", "netns", "exec", NEAR, "unshare", "-m", "sh", "-c",
                               BEGIN.format(folder), "sh", case.program, "scan", *words],
                              cwd=case.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as process:
            wait_for_move(folder)
            check(affinity(folder).isdigit(), f"moved to {affinity(folder)}")
            if number is not None:
                process.send_signal(number)
            _, errors = process.communicate(timeout=LIMIT_S)
        check("1 interrupts of va moved" in errors and "va is on node 0" in errors, errors)
        check(process.returncode == 3, f"{number}: {process.returncode} {errors}")
        check(affinity(folder) == "0-1", f"{number}: left at {affinity(folder)}")
        os.remove(os.path.join(case.folder, "state"))
    case.far.take()


CASES = [interrupts_are_put_back_when_a_scan_is_stopped]
