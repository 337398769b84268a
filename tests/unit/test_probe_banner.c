/* SPDX-License-Identifier: MIT */
/* What services say is read within its length and known by its beginning; a conversation ends,
 * whatever the other side does. */
#include "nw_test.h"

#include "base/prng.h"
#include "probe/banner.h"
#include "probe/talk.h"

#define NS_PER_MS UINT64_C(1000000)

static struct nw_probe_banner said(const void *bytes, size_t n_bytes, uint16_t port)
{
	struct nw_probe_banner banner = { .n_bytes = (uint16_t)n_bytes };

	memcpy(banner.bytes, bytes, n_bytes);
	nwi_banner_read(&banner, port);
	return banner;
}

static void check_said(const char *text, uint16_t port, const char *service, const char *product)
{
	struct nw_probe_banner banner = said(text, strlen(text), port);

	CHECK_STR(banner.service, service);
	CHECK_STR(banner.product, product);
}

TEST(services_are_known_by_how_they_begin)
{
	check_said("SSH-2.0-OpenSSH_9.2p1 Debian\r\n", 22, "ssh", "2.0-OpenSSH_9.2p1 Debian");
	check_said("220 a.example ESMTP Postfix\r\n", 26, "smtp", "a.example ESMTP Postfix");
	check_said("220-hello\r\n220 there\r\n", 25, "smtp", "hello");
	check_said("220 (vsFTPd 3.0)\r\n", 2121, "ftp", "(vsFTPd 3.0)");
	check_said("220 who knows\r\n", 4000, "", "who knows");
	check_said("+OK Dovecot ready.\r\n", 110, "pop3", "Dovecot ready.");
	check_said("* OK [CAPABILITY] ready\r\n", 143, "imap", "[CAPABILITY] ready");
	check_said("RFB 003.008\n", 5900, "vnc", "003.008");
	check_said("-ERR unknown command\r\n", 6379, "redis", "unknown command");
	check_said("@RSYNCD: 31.0\n", 873, "rsync", "31.0");
	check_said("HTTP/1.1 404 Not Found\r\nDate: x\r\nsErVeR: nginx/1.2\r\n\r\n", 80, "http",
		   "nginx/1.2");
	check_said("HTTP/1.0 200 OK\r\n\r\n", 80, "http", "");
	check_said("\xff\xfd\x18\xff\xfd\x20", 23, "telnet", "");
	check_said("", 80, "", "");
	check_said("S", 80, "", "");
	CHECK_STR(said("\x4a\x00\x00\x00\x0a"
		       "8.0.30\x00rest",
		       16, 3306)
			  .product,
		  "8.0.30");
}

TEST(a_page_tells_its_status_and_title)
{
	static const char page[] = "HTTP/1.1 302 Found\r\nServer: a\r\n\r\n<TiTlE>one\ntwo</title>";
	struct nw_probe_banner banner = said(page, sizeof(page) - 1, 80);

	CHECK_INT(banner.status, ==, 302);
	CHECK_STR(banner.title, "one\ntwo");
	banner = said("HTTP/1.1 2x0 OK\r\n", 17, 80);
	CHECK_INT(banner.status, ==, 0);
	banner = said("HTTP/1.1 400 Bad\r\n\r\nplain HTTP request was sent to HTTPS port", 62, 80);
	CHECK(nwi_banner_wants_tls(&banner));
	banner = said("\x15\x03\x01\x00\x02\x02\x16", 7, 80);
	CHECK(nwi_banner_wants_tls(&banner));
	banner = said("HTTP/1.1 400 Bad\r\n\r\n", 20, 80);
	CHECK(!nwi_banner_wants_tls(&banner));
}

/* Pieces that the reader looks for, so that random bytes get far. */
static const char *const pieces[] = { "HTTP/1.1 ",  "200",  "\nServer:", "<title>", "<",
				      "SSH-",       "220 ", "220-",      "smtp",    "\xff\xfd",
				      "+OK",        "* OK", "\r\n",      "\n",      "-ERR",
				      "https port", ":",    "\x15\x03",  "RFB ",    " ",
				      "400",        "ftp" };

static size_t make_up(struct nwi_prng *prng, unsigned char *ret_bytes, uint32_t room)
{
	size_t n = 0, wanted = nwi_prng_below(prng, room + 1);

	while (n < wanted) {
		const char *piece =
			pieces[nwi_prng_below(prng, (uint32_t)(sizeof(pieces) / sizeof(*pieces)))];
		size_t bytes = strlen(piece);

		if (nwi_prng_below(prng, 2) == 0)
			ret_bytes[n++] = (unsigned char)nwi_prng_below(prng, 256);
		else if (n + bytes <= room)
			for (size_t i = 0; i < bytes; i++)
				ret_bytes[n++] = (unsigned char)piece[i];
		else
			break;
	}
	return n;
}

/* The same is made of it whatever lies behind the end, and texts end within their room. */
TEST(any_bytes_are_read_within_their_length)
{
	struct nwi_prng prng;
	static unsigned char bytes[NW_PROBE_BANNER_BYTES];

	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < 100000 * nw_test_scale(); round++) {
		size_t n = make_up(&prng, bytes, round % 4 ? 64 : sizeof(bytes));
		uint16_t port = (uint16_t)(round % 2 ? 80 : nwi_prng_below(&prng, 1000));
		struct nw_probe_banner a = { .n_bytes = (uint16_t)n }, b = a;

		memset(a.bytes, 'x', sizeof(a.bytes));
		memset(b.bytes, '<', sizeof(b.bytes));
		memcpy(a.bytes, bytes, n);
		memcpy(b.bytes, bytes, n);
		nwi_banner_read(&a, port);
		nwi_banner_read(&b, port);
		CHECK(memcmp(&a, &b, offsetof(struct nw_probe_banner, bytes)) == 0);
		CHECK(memchr(a.service, 0, sizeof(a.service)) != NULL);
		CHECK(memchr(a.product, 0, sizeof(a.product)) != NULL);
		CHECK(memchr(a.title, 0, sizeof(a.title)) != NULL);
		CHECK(nwi_banner_wants_tls(&a) == nwi_banner_wants_tls(&b));
	}
}

/* One conversation with somebody who says anything at any time. Milliseconds that it took. */
static uint64_t converse(struct nwi_prng *prng, struct nwi_tls_context *context)
{
	static unsigned char bytes[4096];
	static struct nw_probe_banner banner;
	static struct nwi_talk talk;
	uint64_t ms = 0;

	memset(&banner, 0, sizeof(banner));
	talk = (struct nwi_talk){ .port = (uint16_t)nwi_prng_below(prng, 500),
				  .target = { .family = NWI_IPV4 } };
	nwi_talk_begin(&talk, &banner, context, 0, 3000 * NS_PER_MS);
	while (!talk.is_done) {
		CHECK(talk.say_bytes <= sizeof(talk.say));
		talk.say_bytes = 0;
		CHECK(talk.due_ns <= 3000 * NS_PER_MS);
		if (nwi_prng_below(prng, 3) == 0) {
			ms = talk.due_ns / NS_PER_MS;
			nwi_talk_is_silent(&talk, talk.due_ns);
		} else {
			ms += nwi_prng_below(prng, 50);
			nwi_talk_hear(&talk, bytes, make_up(prng, bytes, nwi_prng_below(prng, 300)),
				      ms * NS_PER_MS);
		}
		CHECK(banner.n_bytes <= sizeof(banner.bytes));
	}
	CHECK(nwi_talk_end(&talk) == (banner.n_bytes > 0 || banner.has_tls));
	return ms;
}

TEST(a_conversation_ends_in_its_time_whatever_is_said)
{
	struct nwi_tls_context *context = nwi_tls_context_create();
	struct nwi_prng prng;

	CHECK(context != NULL);
	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < 2000 * nw_test_scale(); round++)
		CHECK_INT(converse(&prng, round % 4 ? NULL : context), <=, 3050);
	nwi_tls_context_destroy(context);
}

TEST(who_is_silent_is_asked_for_a_page_and_then_left)
{
	static struct nw_probe_banner banner;
	static struct nwi_talk talk;

	talk = (struct nwi_talk){ .port = 7000, .target = { .family = NWI_IPV6, .low = 1 } };
	nwi_talk_begin(&talk, &banner, NULL, 0, 5000 * NS_PER_MS);
	CHECK(talk.say_bytes == 0 && !talk.is_done);
	nwi_talk_is_silent(&talk, talk.due_ns);
	CHECK(!talk.is_done &&
	      strncmp((char *)talk.say, "GET / HTTP/1.0\r\nHost: [::1]\r\n", 29) == 0);
	CHECK_INT(talk.due_ns, ==, 5000 * NS_PER_MS);
	nwi_talk_is_silent(&talk, talk.due_ns);
	CHECK(talk.is_done && !nwi_talk_end(&talk));
}
