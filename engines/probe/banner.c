/* SPDX-License-Identifier: MIT */
/* Services by how they begin to speak. */
#include "probe/banner.h"

#include <string.h>

enum { TLS_ALERT = 0x15, TLS_HANDSHAKE = 0x16, TELNET_COMMAND = 0xff, MYSQL_VERSION = 10 };

/* What is left to read. */
struct said {
	const unsigned char *at;
	size_t n_bytes;
};

static bool begins(struct said said, const char *text)
{
	size_t n = strlen(text);

	return said.n_bytes >= n && memcmp(said.at, text, n) == 0;
}

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

/* Where a text of small letters begins, capitals or not; n_bytes: nowhere. */
static size_t find(struct said said, const char *text)
{
	size_t n = strlen(text);

	for (size_t at = 0; at + n <= said.n_bytes; at++) {
		size_t i = 0;

		while (i < n && lower(said.at[at + i]) == (unsigned char)text[i])
			i++;
		if (i == n)
			return at;
	}
	return said.n_bytes;
}

static bool has(struct said said, const char *text)
{
	return find(said, text) < said.n_bytes;
}

static struct said skip(struct said said, size_t n)
{
	n = n < said.n_bytes ? n : said.n_bytes;
	return (struct said){ said.at + n, said.n_bytes - n };
}

/* As far as the end of the line. */
static struct said line_of(struct said said)
{
	size_t n = 0;

	while (n < said.n_bytes && said.at[n] != '\r' && said.at[n] != '\n')
		n++;
	return (struct said){ said.at, n };
}

void nwi_banner_text(char *ret_text, size_t text_bytes, const unsigned char *from, size_t n_bytes)
{
	size_t n = n_bytes < text_bytes - 1 ? n_bytes : text_bytes - 1;

	memcpy(ret_text, from, n);
	ret_text[n] = '\0';
	for (char *zero = ret_text; (zero = memchr(zero, 0, n - (size_t)(zero - ret_text)));)
		*zero = ' ';
}

static void set_service(struct nw_probe_banner *banner, const char *service)
{
	nwi_banner_text(banner->service, sizeof(banner->service), (const unsigned char *)service,
			strlen(service));
}

static void set_product(struct nw_probe_banner *banner, struct said said)
{
	while (said.n_bytes > 0 && (*said.at == ' ' || *said.at == '-'))
		said = skip(said, 1);
	nwi_banner_text(banner->product, sizeof(banner->product), said.at, said.n_bytes);
}

/* --- HTTP --- */

static void read_status(struct nw_probe_banner *banner, struct said line)
{
	size_t at = find(line, " ");
	uint32_t status = 0;

	for (size_t i = at + 1; i < line.n_bytes && i < at + 4; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return;
		status = status * 10 + (line.at[i] - '0');
	}
	banner->status = (uint16_t)status;
}

static void read_http(struct nw_probe_banner *banner, struct said said)
{
	static const char server[] = "\nserver:", title[] = "<title>";
	size_t at = find(said, server);

	read_status(banner, line_of(said));
	set_product(banner, line_of(skip(said, at + sizeof(server) - 1)));
	at = find(said, title);
	if (at < said.n_bytes) {
		said = skip(said, at + sizeof(title) - 1);
		nwi_banner_text(banner->title, sizeof(banner->title), said.at, find(said, "<"));
	}
}

/* --- Others --- */

/* Length and number of a packet, then the version of the protocol and the server's. */
static bool is_mysql(struct said said)
{
	return said.n_bytes > 5 && said.at[3] == 0 && said.at[4] == MYSQL_VERSION;
}

static void read_mysql(struct nw_probe_banner *banner, struct said said)
{
	size_t n = 0;

	said = skip(said, 5);
	while (n < said.n_bytes && said.at[n] != '\0')
		n++;
	set_product(banner, (struct said){ said.at, n });
}

static const char *service_of_220(struct said line, uint16_t port)
{
	if (has(line, "smtp") || port == 25 || port == 465 || port == 587)
		return "smtp";
	return has(line, "ftp") || port == 21 || port == 990 ? "ftp" : "";
}

struct sign {
	const char *begins, *service;
	size_t passed; /* bytes before the product */
};

static const struct sign signs[] = {
	{ "SSH-", "ssh", 4 },       { "+OK", "pop3", 3 },
	{ "* OK", "imap", 4 },      { "* PREAUTH", "imap", 9 },
	{ "* BYE", "imap", 5 },     { "RFB ", "vnc", 4 },
	{ "@RSYNCD:", "rsync", 8 }, { "AMQP", "amqp", 4 },
	{ "RTSP/", "rtsp", 5 },     { "SIP/", "sip", 4 },
	{ "-ERR", "redis", 4 },     { "-NOAUTH", "redis", 1 },
	{ "-DENIED", "redis", 1 },  { ":", "irc", 1 },
	{ "NOTICE ", "irc", 7 },    { "200 ", "nntp", 4 },
	{ "201 ", "nntp", 4 },      { "LPD", "lpd", 0 },
	{ "ERROR :", "irc", 7 },    { "INFO {", "nats", 5 },
	{ "+PONG", "redis", 1 },    { "Asterisk Call", "asterisk", 0 },
};

static void read_sign(struct nw_probe_banner *banner, struct said said)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (!begins(said, signs[i].begins))
			continue;
		set_service(banner, signs[i].service);
		set_product(banner, skip(line_of(said), signs[i].passed));
		return;
	}
}

static bool is_tls(struct said said)
{
	return said.n_bytes >= 3 && (said.at[0] == TLS_ALERT || said.at[0] == TLS_HANDSHAKE) &&
	       said.at[1] == 3;
}

void nwi_banner_read(struct nw_probe_banner *banner, uint16_t port)
{
	struct said said = { banner->bytes, banner->n_bytes };

	if (begins(said, "HTTP/")) {
		set_service(banner, "http");
		read_http(banner, said);
	} else if (begins(said, "220 ") || begins(said, "220-")) {
		set_service(banner, service_of_220(line_of(said), port));
		set_product(banner, skip(line_of(said), 4));
	} else if (said.n_bytes > 1 && said.at[0] == TELNET_COMMAND && said.at[1] >= 0xfb) {
		set_service(banner, "telnet");
	} else if (is_tls(said)) {
		set_service(banner, "tls");
	} else if (is_mysql(said)) {
		set_service(banner, "mysql");
		read_mysql(banner, said);
	} else {
		read_sign(banner, said);
	}
}

bool nwi_banner_wants_tls(const struct nw_probe_banner *banner)
{
	struct said said = { banner->bytes, banner->n_bytes };

	return is_tls(said) || (begins(said, "HTTP/") && banner->status == 400 &&
				(has(said, "https port") || has(said, "https server")));
}
