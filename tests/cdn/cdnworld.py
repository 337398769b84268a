# SPDX-License-Identifier: MIT
"""Who is there in the namespace of run-cdn: fronts, impostors, machines behind fronts, bad servers."""
from cdnnet import Host, PAGE

# Addresses that no list has: what answers there is all there is to know.
VM, PLAIN = "198.51.100.", "203.0.113."
CLOUDFRONT = {"Server": "CloudFront", "Via": "1.1 abc.cloudfront.net (CloudFront)", "X-Amz-Cf-Id": "Ab1",
              "X-Amz-Cf-Pop": "FRA50-C1", "X-Cache": "Miss from cloudfront"}
CLOUDFLARE = {"Server": "cloudflare", "CF-RAY": "8a1b2c3d4e5f-FRA", "CF-Cache-Status": "DYNAMIC"}
FASTLY = {"Via": "1.1 varnish", "X-Served-By": "cache-fra-etou8220042-FRA", "X-Cache": "MISS",
          "X-Timer": "S1700000000.1,VS0,VE1", "X-Cache-Hits": "0"}
BAD = ("mute", "stalls", "drips", "babbles", "hangs-up", "endless", "huge", "continues", "no-tls")


def make_world(nsd, web, certs):
    shop = certs.context("shop.example", ["shop.example", "www.shop.example"])
    web.hosts[VM + "10"] = Host(certs.context("*.cloudfront.net", ["*.cloudfront.net"]),
                                {"www.shop.example": (shop, CLOUDFRONT, PAGE)})
    nsd.add("www.shop.example", "CNAME", "d111111abcdef8.cloudfront.net.")
    nsd.add("d111111abcdef8.cloudfront.net", "A", VM + "10")
    web.hosts["2001:db8::f"] = Host(certs.context("default.ssl.fastly.net", ["default.ssl.fastly.net"]),
                                    {"v6.example": (certs.context("v6.example", ["v6.example"]), FASTLY, PAGE)})
    nsd.add("v6.example", "CNAME", "dualstack.v6.map.fastly.net.")
    nsd.add("dualstack.v6.map.fastly.net", "AAAA", "2001:db8::f")
    nsd.add("edge.example", "A", "104.17.9.9")  # the lists have that one
    make_impostors(nsd, web, certs)
    make_guest(nsd, web, certs)
    make_origins(nsd, web, certs, shop)
    for i, mode in enumerate(BAD):
        web.hosts[f"{VM}{100 + i}"] = Host(shop, {None: (shop, {"Server": "x"}, "ok")}, mode)
        nsd.add(f"{mode}.bad.example", "A", f"{VM}{100 + i}")
    for a, b in (("loop1", "loop2"), ("loop2", "loop1")):
        nsd.add(f"{a}.example", "CNAME", f"{b}.example.")
    for i in range(12):
        nsd.add(f"long{i}.example", "CNAME", f"long{i + 1}.example.")
    nsd.add("long12.example", "A", VM + "10")
    nsd.add("dangling.example", "CNAME", "gone.example.")


def make_impostors(nsd, web, certs):
    """Machines of two lists of clouds, and of PLAIN, no list, that want to be more than they are."""
    own = certs.context("own.example", ["own.example"])
    web.hosts[PLAIN + "20"] = Host(own, {None: (own, {"Server": "nginx"}, PAGE)})
    nsd.add("own.example", "CNAME", "d1.evilcloudfront.net.")
    nsd.add("d1.evilcloudfront.net", "A", PLAIN + "20")
    nsd.add("20.113.0.203.in-addr.arpa", "PTR", "a23-1-1-1.deploy.static.akamaitechnologies.com.")
    nsd.add("a23-1-1-1.deploy.static.akamaitechnologies.com", "A", "23.1.1.1")
    for address in ("34.76.1.1", "20.50.1.1"):
        web.hosts[address] = Host(own, {None: (own, {"Server": "cloudflare"}, PAGE)})
    web.hosts[PLAIN + "21"] = Host(certs.context("a248.e.akamai.net", ["a248.e.akamai.net"]),
                                   {"copy.example": (own, {"Server": "nginx"}, PAGE)})
    nsd.add("copy.example", "A", PLAIN + "21")


def make_guest(nsd, web, certs):
    """A machine of Akamai in the network of a provider of access: no list and no AS tells."""
    name = "a203-0-113-40.deploy.static.akamaitechnologies.com"
    nsd.add("40.113.0.203.in-addr.arpa", "PTR", name + ".")
    nsd.add(name, "A", PLAIN + "40")
    web.hosts[PLAIN + "40"] = Host(certs.context("a248.e.akamai.net", ["a248.e.akamai.net"]),
                                   {None: (None, {"Server": "AkamaiGHost"}, "Invalid URL")})


def make_origins(nsd, web, certs, shop):
    """Behind www.shop.example: the machine itself, the same one by a key of its own, and others."""
    own_key = certs.context("shop.example", ["shop.example", "www.shop.example"], 1)
    web.hosts[VM + "30"] = Host(None, {"www.shop.example": (shop, {"Server": "nginx"}, PAGE)})
    web.hosts[VM + "31"] = Host(None, {"www.shop.example": (own_key, {"Server": "nginx"}, PAGE)})
    web.hosts[VM + "32"] = Host(None, {"www.shop.example": (own_key, {"Server": "nginx"}, "Welcome!")})
    web.hosts[VM + "33"] = Host(None, {None: (None, {"Server": "nginx"}, PAGE)}, ports=(80,))
    web.hosts[VM + "34"] = Host(None, {"www.shop.example": (own_key, CLOUDFLARE, PAGE)})
    web.hosts[VM + "35"] = Host(None, {"www.shop.example": (own_key, {"Server": "nginx"}, PAGE)},
                                status="503 Service Unavailable")
    nsd.add("origin.shop.example", "A", VM + "31")
    nsd.add("mail.shop.example", "A", VM + "32")
    nsd.add("ftp.shop.example", "A", VM + "33")
    nsd.add("api.shop.example", "A", VM + "34")
    nsd.add("dev.shop.example", "A", VM + "36")
    nsd.add("shop.example", "MX", "10 mx.shop.example.")
    nsd.add("mx.shop.example", "A", VM + "35")
    nsd.add("shop.example", "TXT", '"v=spf1 ip4:104.16.1.1 ip4:198.51.100.0/24 ip4:10.1.2.3 " '
                                   '"include:_spf.shop.example ~all"')
    nsd.add("_spf.shop.example", "TXT", f'"v=spf1 ip6:2001:db8::5 a:loop1.example include:shop.example -all"')
