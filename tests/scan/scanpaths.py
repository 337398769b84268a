# SPDX-License-Identifier: MIT
"""Cases of run-scan: the paths that questions take to the interface, each counted at its end."""
import json

from scannet import addresses, check

NAMES = {"mmsg": "sendmmsg", "ring": "PACKET_TX_RING", "xdp": "AF_XDP"}


def each_path_asks_each_once(case):
    for path, name in NAMES.items():
        done = case.scan("10.64.1.0/24", "-p1-100", "--path", path, "--rate", "0", "--wait", "300ms",
                         "--json")
        check(f", {name} past the queueing discipline (as was asked for)" in done.stderr, done.stderr)
        check(json.loads(done.stdout)["sent"] == 25600, done.stdout)
        asked = case.far.take()
        check(len(asked) == 25600 and set(asked.values()) == {1}, f"{path}: not each once")


def each_path_finds_what_is_there(case):
    wanted = {(a, 80, "open") for a in addresses("10.64.0.")}
    for path in NAMES:
        keys, _ = case.found("10.64.0.0/24", "-p80", "--path", path)
        check(keys == wanted, f"{path}: {len(keys)} found")
        keys, _ = case.found("fd00:64::/120", "-p80", "--path", path)
        check(len(keys) == 256, f"{path}: {len(keys)} found of IPv6")
        keys, _ = case.found("10.64.0.0/28", "-sU", "-p7", "--path", path)
        check(len(keys) == 16, f"{path}: {len(keys)} found of UDP")
        case.far.take()


def the_path_is_chosen_by_what_the_interface_has(case):
    done = case.scan("10.64.0.0/28", "-p80", "--workers", "2", "--wait", "300ms", "--no-numa")
    check("AF_XDP past the queueing discipline (the fastest, and va has its queue 0)" in done.stderr,
          done.stderr)
    check("sendmmsg past the queueing discipline (AF_XDP: va has no queue 1)" in done.stderr,
          done.stderr)
    check(sum(case.far.take().values()) == 16, "not each once")
    done = case.scan("10.64.0.0/28", "-p80", "--workers", "2", "--path", "xdp", "-q", status=1)
    check("a queue of the interface for each link" in done.stderr and done.stderr.count("\n") == 1,
          done.stderr)
    for words, wanted in ((("--path", "raw"), "--path takes auto, xdp, ring or mmsg, not 'raw'"),
                          (("-sT", "--path", "xdp"), "-sT connects")):
        done = case.scan("10.64.0.1", "-p80", *words, "-q", status=2)
        check(wanted in done.stderr and done.stderr.count("\n") == 1, done.stderr)


CASES = [each_path_asks_each_once, each_path_finds_what_is_there,
         the_path_is_chosen_by_what_the_interface_has]
