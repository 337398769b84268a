# SPDX-License-Identifier: MIT
"""Cases of run-scan: networks in front of targets. Not a packet reaches who is left out, by a counter
of the far side's nftables, whatever is asked and however."""
import collections
import ipaddress
import json
import os
import subprocess
import xml.etree.ElementTree

from scannet import FAR, addresses, check, run, tool

PROVIDERS = {"edge": ("cdn", ["10.64.0.0/26", "fd00:64::/124"]), "wall": ("waf", ["10.64.0.64/27"]),
             "renter": ("cloud-vm", ["10.64.0.128/26"])}
FRONTS = ("edge", "wall")


def write_data(case):
    folder = os.path.join(case.folder, "providers")
    os.makedirs(folder, exist_ok=True)
    for name, (kind, prefixes) in PROVIDERS.items():
        with open(os.path.join(folder, name + ".yaml"), "w", encoding="ascii") as file:
            file.write(f"provider: {name}\ntitle: \"{name}\"\nkind: {kind}\nprior: -3\nelsewhere: -4\n"
                       f"lists:\n  - kind: {kind}\n    source: \"test\"\n    date: 2026-11-01\n"
                       "    weight: 9\n    prefixes: |\n" +
                       "".join(f"      {p}\n" for p in prefixes))
    return folder


def provider_of(address):
    for name, (_, prefixes) in PROVIDERS.items():
        if any(ipaddress.ip_address(address) in ipaddress.ip_network(p) for p in prefixes):
            return name
    return "none"


class Watched:
    """Packets that reach the far side for one of these addresses, whatever they are."""

    def __init__(self, left_out):
        four = [a for a in left_out if ":" not in a]
        six = [a for a in left_out if ":" in a]
        self.nft = tool("nft")
        sets = "".join(f"set s{n} {{ type ipv{n}_addr; elements = {{ {', '.join(list_)} }}; }}\n"
                       for n, list_ in ((4, four), (6, six)) if list_)
        rules = "".join(f"{'ip' if n == 4 else 'ip6'} daddr @s{n} counter; "
                        for n, list_ in ((4, four), (6, six)) if list_)
        self.rules = f"table inet watch {{\n{sets} chain in {{ type filter hook prerouting priority " \
            f"-300; {rules} }}\n}}"

    def __enter__(self):
        subprocess.run(["ip", "netns", "exec", FAR, self.nft, "-f", "-"], input=self.rules, text=True,
                       check=True)
        return self

    def count(self):
        told = json.loads(run("ip", "netns", "exec", FAR, self.nft, "-j", "list", "table", "inet",
                              "watch").stdout)
        counters = [part["counter"]["packets"] for item in told["nftables"] if "rule" in item
                    for part in item["rule"]["expr"] if "counter" in part]
        check(counters, told)
        return sum(counters)

    def __exit__(self, *_):
        run("ip", "netns", "exec", FAR, self.nft, "delete", "table", "inet", "watch")


def read_list(path):
    with open(path, encoding="ascii") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    found = {address: (provider, kind) for address, provider, kind in lines}
    check(len(found) == len(lines), "somebody is listed twice")
    return found


def leaves_out(case, data, meant, mode, words):
    """One scan: who is left out is what `meant` (of providers) and the mode say, and hears nothing."""
    method, targets, lists = words
    listed = os.path.join(case.folder, "left-out")
    all_of = [str(a) for t in targets for a in ipaddress.ip_network(t)]
    wanted = {a for a in all_of if (provider_of(a) in meant) == (mode == "skip")}
    with Watched(wanted) as watched:
        keys, counts = case.found(*method, *targets, "--cdn", mode, "--cdn-data", data, "--cdn-list", listed,
                                  "--retries", "1", *lists)
        check(watched.count() == 0, f"{method} {mode}: {watched.count()} packets to who is left out")
    check(not {k[0] for k in keys} & wanted, "found who was left out")
    found = read_list(listed)
    check(set(found) == wanted, f"{method} {mode}: {len(found)} listed, {len(wanted)} wanted")
    check(all(found[a][0] == provider_of(a) for a in found), "of other providers")
    counted = collections.Counter(provider_of(a) for a in wanted)
    told = {name: c["left_out"] for name, c in counts["cdn"].items() if c["left_out"] > 0}
    check(told == counted, f"{told} and not {counted}")
    check(counts["asked"] + counts["left_out"] == counts["targets"] * (1 if "-sn" in method else 2), counts)
    asked = case.far.take()
    check({k[0] for k in asked} <= set(all_of) - wanted and (asked or len(wanted) == len(all_of)),
          "asked others")


def who_is_left_out_hears_nothing(case):
    data = write_data(case)
    four, six = ["10.64.0.0/24"], ["fd00:64::/122"]
    for method in (["-sS", "-p80,81"], ["-sS", "-p80,81", "--banners", "--banner-timeout", "1s"],
                   ["-sS", "-p80,81", "--workers", "2"], ["-sT", "-p80,81"],
                   ["-sT", "-p80,81", "--max-parallelism", "5"], ["-sU", "-p7,9"], ["-sn"]):
        for mode in ("skip", "only"):
            leaves_out(case, data, FRONTS, mode, (method, four, []))
    for method in (["-sS", "-p80,81"], ["-sT", "-p80,81"]):
        leaves_out(case, data, FRONTS, "skip", (method, six, []))
    method = ["-sS", "-p80,81"]
    leaves_out(case, data, ["wall"], "skip", (method, four, ["--cdn-only", "wall"]))
    leaves_out(case, data, ["renter", "none"], "only", (method, four, ["--cdn-whitelist", "renter,none"]))
    leaves_out(case, data, ["edge"], "skip", (method, four, ["--cdn-except", "wall"]))
    leaves_out(case, data, ["wall"], "only", (method, four, ["--cdn-blacklist", "edge"]))


def networks_in_front_are_told_in_each_form(case):
    data = write_data(case)
    words = ("10.64.0.0/24", "-p80", "--cdn", "mark", "--cdn-data", data, "--rate", "20k", "--wait", "300ms")
    done = case.scan(*words, "-oJ", "j", "-oX", "x", "-oG", "g", "-oN", "n")
    check("128 addresses of known networks" not in done.stderr and
          "160 addresses of known networks: edge 64, renter 64, wall 32." in done.stderr, done.stderr)
    check(len(case.far.take()) == 256, "mark leaves somebody out")
    with open(os.path.join(case.folder, "j"), encoding="ascii") as file:
        lines = [json.loads(line) for line in file]
    ports = {line["address"]: line for line in lines if line["event"] == "port"}
    check(set(ports) == set(addresses("10.64.0.")), f"{len(ports)} found")
    for address, line in ports.items():
        name = provider_of(address)
        check((line.get("cdn", "none"), line.get("cdn_kind")) ==
              (name, PROVIDERS[name][0] if name in PROVIDERS else None), line)
    told = [line for line in lines if line["event"] == "cdn_detected"]
    check(len(told) == 96 and all(l["provider"] == provider_of(l["address"]) and not l["left_out"] and
                                   l["probability"] > 0.5 for l in told), told[:3])
    hosts = xml.etree.ElementTree.parse(os.path.join(case.folder, "x")).findall("host")
    marked = {h.find("address").get("addr"): h.find("hostscript/script").get("output") for h in hosts
              if h.find("hostscript/script") is not None}
    check(len(hosts) == 256 and len(marked) == 160 and marked["10.64.0.70"] == "wall (waf)", len(marked))
    for name, mark in (("g", "\tCDN: edge (cdn)"), ("n", "  edge (cdn)")):
        with open(os.path.join(case.folder, name), encoding="ascii") as file:
            check(sum(line.rstrip("\n").endswith(mark) for line in file) == 64, name)


def networks_in_front_are_chosen_by_known_names(case):
    data = write_data(case)
    ours = ("--cdn-data", data, "10.64.0.0/24", "-p80")
    for words, text in ((("--cdn", "skip", "--cdn-only", "egde"), "no provider 'egde'"),
                        (("--cdn", "skip", "--cdn-except", "edge,"), "no provider ''"),
                        (("--cdn", "some"), "mark, skip or only"),
                        (("--cdn-only", "edge"), "give --cdn, too"),
                        (("--cdn", "mark", "--cdn-list", "l"), "--cdn-list"),
                        (("--cdn", "skip", "--cdn-only", "edge", "--cdn-except", "wall"), "not both")):
        done = case.scan(*ours, *words, status=2)
        check(text in done.stderr and done.stderr.count("\n") == 1, f"{words}: {done.stderr}")
    done = case.scan("10.64.0.0/24", "-p80", "--cdn", "skip", "--cdn-data", "/nowhere", status=1)
    check("/nowhere" in done.stderr and done.stderr.count("\n") == 1, done.stderr)
    done = case.scan(*ours, "--cdn", "skip", "--cdn-list", "/nowhere/list", status=1)
    check("/nowhere/list" in done.stderr, done.stderr)
    done = case.scan(*ours, "--cdn", "skip", "--dry-run")
    check(sorted(done.stdout.split()) == sorted(a for a in addresses("10.64.0.")
                                                if provider_of(a) not in FRONTS), "a dry run")
    check(not case.far.take(), "something was asked")


CASES = [who_is_left_out_hears_nothing, networks_in_front_are_told_in_each_form,
         networks_in_front_are_chosen_by_known_names]
