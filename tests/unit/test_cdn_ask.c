/* SPDX-License-Identifier: MIT */
/* What name servers, web servers and certificates say is read within its length, and kept within
 * bounds, whatever it is. */
#include "nw_test.h"

#include "base/prng.h"
#include "cdn/ask_cache.h"
#include "cdn/ask_chain.h"
#include "cdn/ask_origin.h"
#include "cdn/ask_reply.h"
#include "cdn/ask_sketch.h"

#include <nw/cdn_event.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>

/* --- Names --- */

static bool is_host(const char *text, bool may_be_wild)
{
	char host[NWI_HOST_BYTES];
	const char *reason = NULL;

	return nwi_host_read(text, strlen(text), may_be_wild, host, &reason);
}

TEST(names_of_hosts_are_told_from_what_is_none)
{
	char host[NWI_HOST_BYTES], longest[256];
	const char *reason = NULL;

	CHECK(nwi_host_read("WWW.Example.ORG.", 16, false, host, &reason));
	CHECK_STR(host, "www.example.org");
	CHECK(is_host("_dmarc.a-b.c", false) && is_host("localhost", false));
	CHECK(!is_host("", false) && !is_host(".", false) && !is_host("a..b", false));
	CHECK(!is_host(".a", false) && !is_host("a b", false) && !is_host("a\r\nHost: b", false));
	CHECK(!is_host("*.example.org", false) && is_host("*.example.org", true));
	CHECK(!is_host("a.*.org", true) && !is_host("a/b", false) && !is_host("a:80", false));
	CHECK(!nwi_host_read("a\0b", 3, false, host, &reason));
	CHECK(!nwi_host_read("m\xc3\xbcller.de", 10, false, host, &reason));
	CHECK_STR(reason, "write it as DNS has it (xn--...)");
	memset(longest, 'a', sizeof(longest));
	for (int i = 63; i < 255; i += 64)
		longest[i] = '.';
	CHECK(nwi_host_read(longest, 253, false, host, &reason));
	CHECK(!nwi_host_read(longest, 254, false, host, &reason));
	longest[63] = 'a';
	CHECK(!nwi_host_read(longest, 100, false, host, &reason));
}

TEST(the_name_of_an_address_is_written_backwards)
{
	struct nw_cdn_address address;
	char name[NWI_HOST_BYTES];

	CHECK(nw_cdn_address_parse("192.0.2.1", &address));
	nwi_reverse_name(&address, name);
	CHECK_STR(name, "1.2.0.192.in-addr.arpa");
	CHECK(nw_cdn_address_parse("2001:db8::567:89ab", &address));
	nwi_reverse_name(&address, name);
	CHECK_STR(name, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

/* --- Answers of the DNS --- */

struct message {
	unsigned char bytes[4096];
	size_t n;
};

static void put16(struct message *m, unsigned value)
{
	m->bytes[m->n++] = (unsigned char)(value >> 8);
	m->bytes[m->n++] = (unsigned char)value;
}

static void put_name(struct message *m, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		m->bytes[m->n++] = (unsigned char)n;
		memcpy(m->bytes + m->n, name, n);
		m->n += n;
		name += n + (name[n] == '.');
	}
	m->bytes[m->n++] = 0;
}

static void begin_message(struct message *m, const char *name, enum nwi_dns_type type)
{
	m->n = 0;
	put16(m, 1);
	put16(m, 0x8180);
	put16(m, 1);
	for (int i = 0; i < 3; i++)
		put16(m, 0);
	put_name(m, name);
	put16(m, type);
	put16(m, 1);
}

static size_t begin_record(struct message *m, const char *owner, enum nwi_dns_type type)
{
	m->bytes[7]++;
	put_name(m, owner);
	put16(m, type);
	put16(m, 1);
	put16(m, 0);
	put16(m, 300);
	put16(m, 0);
	return m->n;
}

static void end_record(struct message *m, size_t from)
{
	m->bytes[from - 2] = (unsigned char)((m->n - from) >> 8);
	m->bytes[from - 1] = (unsigned char)(m->n - from);
}

static void put_cname(struct message *m, const char *owner, const char *target)
{
	size_t from = begin_record(m, owner, NWI_DNS_CNAME);

	put_name(m, target);
	end_record(m, from);
}

static void put_address(struct message *m, const char *owner, unsigned last)
{
	size_t from = begin_record(m, owner, NWI_DNS_A);

	put16(m, 0xc000);
	put16(m, 0x0200 + last);
	end_record(m, from);
}

static bool read_message(struct nwi_chain *path, const char *name, const struct message *m)
{
	nwi_chain_init(path, name);
	return nwi_chain_read(path, NWI_DNS_A, m->bytes, m->n);
}

TEST(a_chain_is_followed_in_any_order_to_its_addresses)
{
	static struct nwi_chain path;
	struct message m;

	begin_message(&m, "www.example.org", NWI_DNS_A);
	put_address(&m, "e1.edge.net", 7);
	put_address(&m, "other.net", 9); /* hangs on nothing that was asked */
	put_cname(&m, "www.example.org.edge.net", "E1.edge.net");
	put_cname(&m, "WWW.example.org", "www.example.org.edge.net");
	put_address(&m, "e1.edge.net", 7);
	put_address(&m, "e1.edge.net", 8);
	CHECK(!read_message(&path, "www.example.org", &m));
	CHECK_INT(path.end, ==, NWI_CHAIN_FOUND);
	CHECK_INT(path.cname_count, ==, 2);
	CHECK_STR(nwi_texts_at(&path.texts, path.cnames[0]), "www.example.org.edge.net");
	CHECK_STR(nwi_chain_last(&path), "e1.edge.net");
	CHECK_INT(path.address_count, ==, 2);
	CHECK_INT(path.addresses[0].bytes[3], ==, 7);
	CHECK_INT(path.ttl_s, ==, 300);
	CHECK_INT(nwi_chain_bytes(&path), <, 1024);
}

TEST(a_chain_that_meets_itself_or_is_too_long_ends)
{
	static struct nwi_chain path;
	struct message m;
	char from[16], to[16];

	begin_message(&m, "a.org", NWI_DNS_A);
	put_cname(&m, "a.org", "b.org");
	put_cname(&m, "b.org", "A.org");
	CHECK(!read_message(&path, "a.org", &m));
	CHECK_INT(path.end, ==, NWI_CHAIN_LOOP);
	CHECK_INT(path.cname_count, ==, 1);

	begin_message(&m, "n0", NWI_DNS_A);
	for (int i = 0; i < 9; i++) {
		(void)snprintf(from, sizeof(from), "n%d", i);
		(void)snprintf(to, sizeof(to), "n%d", i + 1);
		put_cname(&m, from, to);
	}
	put_address(&m, "n9", 1);
	CHECK(!read_message(&path, "n0", &m));
	CHECK_INT(path.end, ==, NWI_CHAIN_LOOP);
	CHECK_INT(path.cname_count, ==, NWI_CHAIN_STEPS);
	CHECK_INT(path.address_count, ==, 0);
}

TEST(a_chain_goes_on_in_the_next_answer)
{
	static struct nwi_chain path;
	struct message m;

	begin_message(&m, "a.org", NWI_DNS_A);
	put_cname(&m, "a.org", "b.net");
	CHECK(read_message(&path, "a.org", &m));
	CHECK_STR(nwi_chain_last(&path), "b.net");
	begin_message(&m, "b.net", NWI_DNS_A);
	CHECK(!nwi_chain_read(&path, NWI_DNS_A, m.bytes, m.n));
	CHECK_INT(path.end, ==, NWI_CHAIN_NO_DATA);
	begin_message(&m, "b.net", NWI_DNS_A);
	m.bytes[3] |= 3;
	CHECK(!nwi_chain_read(&path, NWI_DNS_A, m.bytes, m.n));
	CHECK_INT(path.end, ==, NWI_CHAIN_NO_NAME);
	CHECK_INT(path.cname_count, ==, 1);
}

TEST(a_chain_ends_where_the_answer_says_that_nothing_follows)
{
	static struct nwi_chain path;
	struct message m;
	size_t from;

	begin_message(&m, "a.org", NWI_DNS_AAAA);
	put_cname(&m, "a.org", "b.net");
	from = begin_record(&m, "net", NWI_DNS_SOA);
	end_record(&m, from);
	m.bytes[7]--; /* it stands in the next section */
	m.bytes[9]++;
	nwi_chain_init(&path, "a.org");
	CHECK(!nwi_chain_read(&path, NWI_DNS_AAAA, m.bytes, m.n));
	CHECK_INT(path.end, ==, NWI_CHAIN_NO_DATA);
	CHECK_INT(path.cname_count, ==, 1);
}

TEST(questions_and_nonsense_are_no_answers)
{
	static struct nwi_chain path;
	struct message m;

	begin_message(&m, "a.org", NWI_DNS_A);
	put_address(&m, "a.org", 1);
	m.bytes[2] &= 0x7f;
	CHECK(!read_message(&path, "a.org", &m));
	CHECK_INT(path.end, ==, NWI_CHAIN_BROKEN);
	m.n = 11;
	CHECK(!read_message(&path, "a.org", &m));
	CHECK_INT(path.end, ==, NWI_CHAIN_BROKEN);
}

/* Copied to the end of its own heap block: AddressSanitizer sees a byte too far. */
static void read_exactly(const unsigned char *bytes, size_t n, enum nwi_dns_type type)
{
	static struct nwi_chain path;
	unsigned char *copy = malloc(n ? n : 1);

	CHECK(copy);
	memcpy(copy, bytes, n);
	nwi_chain_init(&path, "a.org");
	(void)nwi_chain_read(&path, type, copy, n);
	CHECK(path.cname_count <= NWI_CHAIN_STEPS && path.address_count <= NWI_CHAIN_ADDRESSES &&
	      path.value_count <= NWI_CHAIN_VALUES);
	CHECK(path.texts.used <= NWI_TEXTS_BYTES);
	CHECK(path.end != NWI_CHAIN_NOT_ASKED);
	for (unsigned i = 0; i < path.cname_count; i++)
		CHECK(is_host(nwi_texts_at(&path.texts, path.cnames[i]), true));
	free(copy);
}

TEST(changed_and_cut_answers_of_dns_are_read_within_their_length)
{
	static const enum nwi_dns_type types[] = { NWI_DNS_A, NWI_DNS_AAAA, NWI_DNS_PTR, NWI_DNS_MX,
						   NWI_DNS_TXT };
	struct nwi_prng prng;
	struct message good, m;
	size_t from;

	nwi_prng_init(&prng, nw_test_seed());
	begin_message(&good, "a.org", NWI_DNS_A);
	put_cname(&good, "a.org", "b.org");
	put_address(&good, "b.org", 1);
	for (unsigned i = 0; i < 5; i++) {
		from = begin_record(&good, "b.org", types[i]);
		put16(&good, 0x0401);
		put_name(&good, "mail.b.org");
		end_record(&good, from);
	}
	for (size_t n = 0; n <= good.n; n++)
		read_exactly(good.bytes, n, NWI_DNS_A);
	for (int i = 0; i < 20000 * nw_test_scale(); i++) {
		m = good;
		for (uint64_t k = nwi_prng_next(&prng) % 8; k > 0; k--)
			m.bytes[nwi_prng_next(&prng) % m.n] = (unsigned char)nwi_prng_next(&prng);
		read_exactly(m.bytes, m.n - nwi_prng_next(&prng) % 8, types[i % 5]);
	}
}

/* --- Headers --- */

static void add_line(struct nwi_reply *page, const char *line)
{
	CHECK(nwi_reply_add_line(page, line, strlen(line)));
}

TEST(headers_are_read_line_by_line_and_cookies_by_name_alone)
{
	static struct nwi_reply page;

	nwi_reply_init(&page);
	add_line(&page, "HTTP/1.1 103 Early Hints\r\n");
	add_line(&page, "Link: </a>\r\n");
	add_line(&page, "\r\n");
	add_line(&page, "HTTP/1.1 301 Moved\r\n");
	add_line(&page, "SERVER:  cloud\001flare \t\r\n");
	add_line(&page, "Set-Cookie: sid=secret; Path=/\r\n");
	add_line(&page, "nonsense\r\n");
	add_line(&page, ": empty\r\n");
	CHECK_INT(page.status, ==, 301);
	CHECK_INT(page.header_count, ==, 2);
	CHECK_STR(nwi_texts_at(&page.texts, page.headers[0].name), "server");
	CHECK_STR(nwi_texts_at(&page.texts, page.headers[0].value), "cloud?flare");
	CHECK_STR(nwi_texts_at(&page.texts, page.headers[1].name), "set-cookie-names");
	CHECK_STR(nwi_texts_at(&page.texts, page.headers[1].value), "sid");
	CHECK(!memmem(page.texts.bytes, page.texts.used, "secret", 6));
	CHECK_INT(nwi_reply_bytes(&page), <, sizeof(page) - NWI_TEXTS_BYTES + 256);
}

TEST(headers_without_end_are_cut)
{
	static struct nwi_reply page;
	char line[4096];
	unsigned count = 0;

	nwi_reply_init(&page);
	add_line(&page, "HTTP/2 200\r\n");
	while (nwi_reply_add_line(&page, "a: b\r\n", 6))
		count++;
	CHECK_INT(count, ==, NWI_REPLY_HEADERS);

	nwi_reply_init(&page);
	memset(line, 'x', sizeof(line));
	line[1] = ':';
	for (count = 0; nwi_reply_add_line(&page, line, sizeof(line)); count++)
		;
	CHECK_INT(count, ==, NWI_REPLY_HEADER_BYTES / (sizeof(line) + 2));
	CHECK(page.texts.is_cut && page.texts.used <= NWI_TEXTS_BYTES);

	/* Answers that only announce another one do not go on for ever. */
	nwi_reply_init(&page);
	for (count = 0; nwi_reply_add_line(&page, "HTTP/1.1 100 Continue\r\n", 23); count++)
		CHECK_INT(count, <, NWI_REPLY_HEADER_BYTES);
}

TEST(headers_of_random_bytes_are_read_within_their_length)
{
	static struct nwi_reply page;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < 2000 * nw_test_scale(); i++) {
		nwi_reply_init(&page);
		for (int k = 0; k < 20; k++) {
			size_t n = nwi_prng_next(&prng) % 64;
			char *line = malloc(n + 1);

			for (size_t j = 0; j < n; j++)
				line[j] = "HTTP/: \t\r\n\0set-cookie=19"[nwi_prng_next(&prng) % 25];
			(void)nwi_reply_add_line(&page, line, n);
			free(line);
		}
		CHECK(page.header_count <= NWI_REPLY_HEADERS && page.status < 1000);
	}
}

/* --- Certificates --- */

/* A certificate for names, DER in ret_der; the key is made once. */
static size_t make_cert(const char *cn, const char *sans, EVP_PKEY *key, unsigned char *ret_der,
			size_t room)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *extension;
	unsigned char *at = ret_der;
	int n;

	CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1,
					 -1, 0));
	CHECK(X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert), "O", MBSTRING_UTF8,
					 (const unsigned char *)"Test CA", -1, -1, 0));
	CHECK(X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
	      X509_gmtime_adj(X509_getm_notAfter(cert), 3600));
	CHECK(X509_set_pubkey(cert, key));
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, sans);
	CHECK(extension && X509_add_ext(cert, extension, -1));
	X509_EXTENSION_free(extension);
	CHECK(X509_sign(cert, key, EVP_sha256()) > 0);
	n = i2d_X509(cert, NULL);
	CHECK(n > 0 && (size_t)n <= room);
	CHECK(i2d_X509(cert, &at) == n);
	X509_free(cert);
	return (size_t)n;
}

TEST(certificates_tell_their_names_and_whether_they_are_the_same)
{
	static struct nwi_reply a, b;
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	unsigned char der[4096];
	size_t n = make_cert("Example.org", "DNS:example.ORG,DNS:*.example.org,IP:192.0.2.1", key,
			     der, sizeof(der));

	nwi_reply_init(&a);
	nwi_reply_init(&b);
	CHECK(nwi_reply_add_cert(&a, der, n));
	CHECK_STR(nwi_texts_at(&a.texts, a.cert.subject_cn), "Example.org");
	CHECK_STR(nwi_texts_at(&a.texts, a.cert.issuer_o), "Test CA");
	CHECK_INT(a.cert.san_count, ==, 2);
	CHECK_STR(nwi_texts_at(&a.texts, a.cert.sans[1]), "*.example.org");
	CHECK(nwi_cert_covers(&a, "example.org") && nwi_cert_covers(&a, "www.example.org"));
	CHECK(!nwi_cert_covers(&a, "a.b.example.org") && !nwi_cert_covers(&a, "xexample.org") &&
	      !nwi_cert_covers(&a, ".example.org") && !nwi_cert_covers(&b, "example.org"));

	n = make_cert("x", "DNS:*.example.org,DNS:example.org", other, der, sizeof(der));
	CHECK(nwi_reply_add_cert(&b, der, n));
	CHECK(nwi_cert_has_same_names(&a, &b));
	CHECK(memcmp(a.cert.key_digest, b.cert.key_digest, NWI_REPLY_DIGEST) != 0);
	nwi_reply_init(&b);
	n = make_cert("x", "DNS:example.org", key, der, sizeof(der));
	CHECK(nwi_reply_add_cert(&b, der, n));
	CHECK(!nwi_cert_has_same_names(&a, &b));
	CHECK(memcmp(a.cert.key_digest, b.cert.key_digest, NWI_REPLY_DIGEST) == 0);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

TEST(changed_and_cut_certificates_are_read_within_their_length)
{
	static struct nwi_reply page;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char der[4096], *copy;
	size_t n = make_cert("a.org", "DNS:a.org,DNS:b.org", key, der, sizeof(der));
	struct nwi_prng prng;
	unsigned read = 0;

	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < 5000 * nw_test_scale(); i++) {
		size_t m = n - nwi_prng_next(&prng) % 3;

		copy = malloc(m);
		CHECK(copy);
		memcpy(copy, der, m);
		for (uint64_t k = 1 + nwi_prng_next(&prng) % 3; k > 0; k--)
			copy[nwi_prng_next(&prng) % m] = (unsigned char)nwi_prng_next(&prng);
		nwi_reply_init(&page);
		read += nwi_reply_add_cert(&page, copy, m);
		CHECK(page.cert.san_count <= NWI_REPLY_SANS);
		free(copy);
	}
	CHECK_INT(read, >, 0);
	CHECK(!nwi_reply_add_pem(&page, "") &&
	      !nwi_reply_add_pem(&page, "-----BEGIN CERTIFICATE-----"));
	EVP_PKEY_free(key);
}

/* --- The cache --- */

static struct nw_arena *new_arena(void)
{
	struct nw_arena *arena;

	CHECK_INT(nw_arena_create(&arena, NW_NODE_ANY, 64 << 20, 0), ==, 0);
	return arena;
}

static bool get(struct nwi_cache *cache, const char *key, uint64_t now, char ret_value[2048])
{
	return nwi_cache_get(cache, key, strlen(key), now, ret_value, 2048);
}

static void put(struct nwi_cache *cache, const char *key, const char *value, uint64_t until)
{
	nwi_cache_put(cache, key, strlen(key), value, strlen(value) + 1, until);
}

TEST(the_longest_unused_goes_first_and_the_old_are_gone)
{
	struct nw_arena *arena = new_arena();
	struct nwi_cache cache;
	char value[2048];

	CHECK_INT(nwi_cache_init(&cache, arena, 3, 1), ==, 0);
	put(&cache, "a", "1", 100);
	put(&cache, "b", "2", 100);
	put(&cache, "c", "3", 10);
	CHECK(get(&cache, "a", 5, value));
	CHECK_STR(value, "1");
	put(&cache, "d", "4", 100); /* b has to go */
	CHECK(!get(&cache, "b", 5, value) && get(&cache, "a", 5, value));
	CHECK(get(&cache, "c", 9, value) && !get(&cache, "c", 10, value));
	CHECK_INT(cache.used_count, ==, 2);
	put(&cache, "a", "5", 100);
	CHECK(get(&cache, "a", 5, value));
	CHECK_STR(value, "5");
	CHECK_INT(cache.evicted_count, ==, 1);
	CHECK_INT(nwi_cache_init(&cache, arena, 0, 1), ==, 0);
	put(&cache, "a", "1", 100);
	CHECK(!get(&cache, "a", 0, value));
	nw_arena_destroy(arena);
}

TEST(a_cache_is_bounded_in_bytes_and_gives_back_what_was_put)
{
	enum { COUNT = 64, KEYS = 200 };
	struct nw_arena *arena = new_arena();
	struct nwi_cache cache;
	struct nwi_prng prng;
	char key[16], value[8192], wanted[8192];
	unsigned hits = 0;

	nwi_prng_init(&prng, nw_test_seed());
	CHECK_INT(nwi_cache_init(&cache, arena, COUNT, 7), ==, 0);
	for (int i = 0; i < 20000 * nw_test_scale(); i++) {
		unsigned id = (unsigned)(nwi_prng_next(&prng) % KEYS);
		size_t n = 1 + (id * 97u) % 6000; /* in all more than there are pieces */

		(void)snprintf(key, sizeof(key), "k%u", id);
		memset(wanted, (int)('a' + id % 26), n);
		if (nwi_prng_next(&prng) & 1)
			nwi_cache_put(&cache, key, strlen(key), wanted, n, UINT64_MAX);
		else if (nwi_cache_get(&cache, key, strlen(key), 0, value, sizeof(value))) {
			CHECK(memcmp(value, wanted, n) == 0);
			hits++;
		}
		CHECK(cache.used_count <= COUNT);
	}
	CHECK_INT(hits, >, 100);
	CHECK_INT(cache.evicted_count, >, 100);
	nwi_cache_put(&cache, "big", 3, wanted, 0, UINT64_MAX);
	CHECK(nwi_cache_get(&cache, "big", 3, 0, value, 0));
	nw_arena_destroy(arena);
}

/* --- Pages --- */

static void fill_page(char *page, size_t n_bytes, const char *nonce, const char *ending)
{
	(void)snprintf(page, n_bytes,
		       "<html><head><TITLE lang=en> My\n  shop </TITLE><meta nonce=%s></head><body>"
		       "We sell tables and chairs of oak, ash and birch, made by hand in our own "
		       "workshop, and bring them to your home for nothing. Write to us or call: "
		       "we are there from Monday to Friday. <p>request %s</p> %s</body></html>",
		       nonce, nonce, ending);
}

TEST(pages_are_the_same_but_for_nonces_and_others_are_not)
{
	struct nwi_sketch a, b, c;
	char page[1024];

	fill_page(page, sizeof(page), "8f3a91c0", "Thank you.");
	nwi_sketch_read(&a, page, strlen(page));
	CHECK_STR(a.title, "My shop");
	fill_page(page, sizeof(page), "00b1d2e3f4", "Thank you.");
	nwi_sketch_read(&b, page, strlen(page));
	CHECK(a.exact != b.exact && nwi_sketch_common(&a, &b) >= 0.9);
	CHECK(nwi_sketch_common(&a, &a) == 1);
	(void)snprintf(page, sizeof(page),
		       "<title>My shop</title>Welcome to nginx! If you see this "
		       "page, the web server is successfully installed and "
		       "working. Further configuration is required.");
	nwi_sketch_read(&c, page, strlen(page));
	CHECK(nwi_sketch_common(&a, &c) < 0.3);
	nwi_sketch_read(&b, "ok 1\n", 5);
	nwi_sketch_read(&c, "ok 2\n", 5);
	CHECK(nwi_sketch_common(&b, &c) == 0 && nwi_sketch_common(&b, &b) == 1);
	nwi_sketch_read(&c, "<title>", 7);
	CHECK_STR(c.title, "");
}

/* --- Askers --- */

static const char provider[] = "provider: edge\ntitle: \"Edge\"\nkind: cdn\nprior: -1\nlists:\n"
			       "  - source: \"test\"\n    date: 2026-01-01\n    weight: 11.0\n"
			       "    prefixes: |\n      192.0.2.0/24\n";

static struct nw_cdn *load(void)
{
	const struct nw_cdn_file file = { "edge.yaml", provider, sizeof(provider) - 1 };
	struct nw_diag diag = { "" };
	struct nw_cdn *cdn = NULL;

	if (nw_cdn_load(&cdn, &file, 1, NULL, &diag) < 0)
		FAIL("%s", diag.text);
	return cdn;
}

/* Listens on loopback and says nothing; the port. */
static uint16_t listen_mutely(int *ret_fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(at);

	*ret_fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(*ret_fd, (struct sockaddr *)&at, n) == 0 && listen(*ret_fd, 16) == 0);
	CHECK(getsockname(*ret_fd, (struct sockaddr *)&at, &n) == 0);
	return ntohs(at.sin_port);
}

TEST(an_asker_refuses_what_it_cannot_do)
{
	struct nw_cdn *cdn = load();
	struct nw_cdn_ask_options good = { .cdn = cdn, .servers = "127.0.0.1:1" }, bad;
	struct nw_cdn_asker *asker = NULL;
	struct nw_diag diag;

	bad = good;
	bad.cdn = NULL;
	CHECK_INT(nw_cdn_asker_open(&asker, &bad, &diag), ==, -EINVAL);
	bad = good;
	bad.kinds = 8;
	CHECK_INT(nw_cdn_asker_open(&asker, &bad, &diag), ==, -EINVAL);
	bad = good;
	bad.parallel = NW_CDN_ASK_PARALLEL_MAX + 1;
	CHECK_INT(nw_cdn_asker_open(&asker, &bad, &diag), ==, -EINVAL);
	bad = good;
	bad.cache_count = NW_CDN_ASK_CACHE_MAX + 1;
	CHECK_INT(nw_cdn_asker_open(&asker, &bad, NULL), ==, -EINVAL);
	bad = good;
	bad.servers = "not an address";
	CHECK_INT(nw_cdn_asker_open(&asker, &bad, &diag), ==, -EINVAL);
	CHECK(strstr(diag.text, "not an address") && !asker);
	CHECK(nw_cdn_asker_is_built());
	CHECK_INT(nw_cdn_asker_open(&asker, &good, &diag), ==, 0);
	nw_cdn_asker_close(asker);
	nw_cdn_asker_close(NULL);
	nw_cdn_close(cdn);
}

TEST(as_many_as_allowed_are_out_and_are_given_up_at_the_end)
{
	struct nw_cdn_ask_options options = { .parallel = 2, .servers = "127.0.0.1:1" };
	struct nw_cdn_ask_result results[4];
	struct nw_cdn_asker *asker;
	struct nw_cdn_address listed, mute;
	struct nw_cdn_ask_counts counts;
	struct nw_diag diag;
	int fd;

	(void)signal(SIGPIPE, SIG_IGN);
	options.cdn = load();
	options.kinds = NW_CDN_ASK_TLS | NW_CDN_ASK_HTTP;
	options.https_port = options.http_port = listen_mutely(&fd);
	CHECK(nw_cdn_address_parse("192.0.2.9", &listed) &&
	      nw_cdn_address_parse("127.0.0.1", &mute));
	CHECK_INT(nw_cdn_asker_open(&asker, &options, &diag), ==, 0);
	CHECK_INT(nw_cdn_asker_take(asker, results, 4, UINT64_MAX), ==, 0);
	CHECK_INT(nw_cdn_asker_ask(asker, NULL, NULL, 0, &diag), ==, -EINVAL);
	CHECK_INT(nw_cdn_asker_ask(asker, "a b", NULL, 0, &diag), ==, -EINVAL);
	CHECK_INT(nw_cdn_asker_ask(asker, NULL, &listed, 7, &diag), ==, 0);
	CHECK_INT(nw_cdn_asker_ask(asker, "mute.example", &mute, 8, &diag), ==, 0);
	CHECK_INT(nw_cdn_asker_ask(asker, NULL, &listed, 9, &diag), ==, -EAGAIN);
	CHECK_INT(nw_cdn_asker_take(asker, results, 4, UINT64_MAX), ==, 1);
	CHECK_INT(results[0].token, ==, 7);
	CHECK_STR(results[0].answer->provider, "edge");
	CHECK(results[0].answer->is_decided && results[0].request_count == 0);
	CHECK_INT(nw_cdn_asker_ask(asker, NULL, &listed, 9, &diag), ==, -EAGAIN); /* lent */
	CHECK_INT(nw_cdn_asker_take(asker, results, 4, 1000000), ==, 0);
	CHECK_INT(nw_cdn_asker_ask(asker, NULL, &listed, 9, &diag), ==, 0);
	CHECK_INT(nw_cdn_asker_take(asker, results, 4, UINT64_MAX), ==, 1);
	nw_cdn_asker_counts(asker, &counts);
	CHECK_INT(counts.asked, ==, 3);
	CHECK_INT(counts.answered, ==, 2);
	CHECK_INT(counts.connections, ==, 1);
	CHECK_INT(counts.dns_questions, ==, 0);
	nw_cdn_asker_close(asker); /* mute.example is still out */
	CHECK(close(fd) == 0);
	nw_cdn_close((struct nw_cdn *)options.cdn);
}

static void count_steps(void *context, const struct nw_cdn_origin_step *step)
{
	CHECK_INT(step->kind, ==, NW_CDN_ORIGIN_FRONT);
	CHECK_STR(nw_cdn_origin_kind_name(step->kind), "front");
	(*(unsigned *)context)++;
}

static bool say_yes(void *context)
{
	(void)context;
	return true;
}

TEST(a_search_without_a_front_that_answers_claims_nothing)
{
	struct nw_cdn_ask_options options = { .servers = "127.0.0.1:1", .kinds = NW_CDN_ASK_TLS };
	unsigned steps = 0;
	struct nw_cdn_origin_options search = { .context = &steps };
	struct nw_cdn_asker *asker;
	struct nw_diag diag;
	uint32_t found = 9;
	int fd;

	options.cdn = load();
	options.https_port = options.http_port = listen_mutely(&fd);
	CHECK(close(fd) == 0); /* nobody is there any more */
	CHECK_INT(nw_cdn_asker_open(&asker, &options, &diag), ==, 0);
	CHECK_INT(nw_cdn_asker_origin(asker, &search, &found, &diag), ==, -EINVAL);
	search.name = "a.example";
	search.tell = count_steps;
	CHECK_INT(nw_cdn_asker_origin(asker, &search, &found, &diag), ==, -EINVAL);
	CHECK(nw_cdn_address_parse("127.0.0.1", &search.front));
	search.candidate_max = 257;
	CHECK_INT(nw_cdn_asker_origin(asker, &search, &found, &diag), ==, -EINVAL);
	search.candidate_max = 0;
	CHECK_INT(nw_cdn_asker_origin(asker, &search, &found, &diag), ==, -ENODATA);
	CHECK_INT(found, ==, 0);
	CHECK_INT(steps, ==, 1);
	search.is_over = say_yes;
	CHECK_INT(nw_cdn_asker_origin(asker, &search, &found, &diag), ==, -ECANCELED);
	nw_cdn_asker_close(asker);
	nw_cdn_close((struct nw_cdn *)options.cdn);
}

TEST(an_event_is_made_of_a_front_alone)
{
	struct nw_cdn *cdn = load();
	struct nw_cdn_seen seen = { .asked = 0 };
	struct nw_cdn_answer answer;
	struct nw_cdn_event event = { .engine = 0 };

	CHECK(nw_cdn_address_parse("198.51.100.1", &seen.address));
	nw_cdn_classify(cdn, &seen, &answer);
	CHECK(!nw_cdn_event_make(&event, &answer, &seen.address, NULL, 3) && event.engine == 0);
	CHECK(nw_cdn_address_parse("192.0.2.1", &seen.address));
	nw_cdn_classify(cdn, &seen, &answer);
	CHECK(nw_cdn_event_make(&event, &answer, &seen.address, NULL, 3));
	CHECK_INT(event.engine, ==, NW_NEWS_CDN);
	CHECK_STR(nw_cdn_event_name(event.kind), "cdn_detected");
	CHECK(event.token == 3 && event.target.bytes[0] == 192 && event.origin.family == 0);
	CHECK(nw_cdn_event_make(&event, &answer, NULL, &seen.address, 3));
	CHECK_STR(nw_cdn_event_name(event.kind), "cdn_origin_found");
	CHECK(event.target.family == 0 && event.origin.family == 4);
	nw_cdn_close(cdn);
}
