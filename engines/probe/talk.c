/* SPDX-License-Identifier: MIT */
/* Conversations: HTTP, TLS, and those who speak first. */
#include "probe/talk.h"

#include "probe/banner.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
	FIRST_MS = 1500, /* for those who speak first */
	MORE_MS = 300,   /* after something was heard */
	HEARD_MAX = 64 << 10
};

static const uint16_t tls_ports[] = { 443,  465,  563,  636,  853,  989,  990,  992,
				      993,  994,  995,  2376, 3269, 4443, 5061, 5671,
				      6443, 6697, 8443, 8883, 9443, 10443 };
static const uint16_t web_ports[] = { 80,   81,   88,   591,  631,  2082, 3000, 3128,
				      5000, 5985, 8000, 8008, 8080, 8081, 8088, 8888,
				      9000, 9090, 9200, 443,  4443, 8443, 9443, 10443 };

static bool is_in(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

bool nwi_talk_is_tls_port(uint16_t port)
{
	return is_in(tls_ports, sizeof(tls_ports) / sizeof(*tls_ports), port);
}

static bool is_web_port(uint16_t port)
{
	return is_in(web_ports, sizeof(web_ports) / sizeof(*web_ports), port);
}

static void wait_for(struct nwi_talk *talk, uint64_t now_ns, uint64_t ms)
{
	uint64_t due_ns = now_ns + ms * NS_PER_MS;

	talk->due_ns = due_ns < talk->end_ns ? due_ns : talk->end_ns;
}

static size_t write_request(const struct nwi_talk *talk, char *ret_text, size_t text_bytes)
{
	char address[NWI_ADDRESS_TEXT_BYTES];
	bool is_ipv6 = talk->target.family == NWI_IPV6;

	return (size_t)snprintf(ret_text, text_bytes,
				"GET / HTTP/1.0\r\nHost: %s%s%s\r\nUser-Agent: nodewise\r\n"
				"Accept: */*\r\n\r\n",
				is_ipv6 ? "[" : "", nwi_address_text(talk->target, address),
				is_ipv6 ? "]" : "");
}

static void ask_for_page(struct nwi_talk *talk)
{
	talk->phase = NWI_TALK_ASKED;
	talk->say_bytes = write_request(talk, (char *)talk->say, sizeof(talk->say));
	talk->due_ns = talk->end_ns;
}

/* What the handshake has to send; what does not fit comes the next time. */
static void take_say(struct nwi_talk *talk)
{
	talk->say_bytes += nwi_tls_get(talk->tls, talk->say + talk->say_bytes,
				       sizeof(talk->say) - talk->say_bytes);
}

void nwi_talk_begin(struct nwi_talk *talk, struct nw_probe_banner *banner,
		    struct nwi_tls_context *context, uint64_t now_ns, uint64_t limit_ns)
{
	talk->banner = banner;
	talk->end_ns = now_ns + limit_ns;
	if (context) {
		talk->tls = nwi_tls_create(context);
		talk->phase = NWI_TALK_SHAKES;
		talk->due_ns = talk->end_ns;
		talk->is_done = !talk->tls || nwi_tls_shake(talk->tls) == NWI_TLS_FAILED;
		if (!talk->is_done)
			take_say(talk);
	} else if (is_web_port(talk->port)) {
		ask_for_page(talk);
	} else {
		talk->phase = NWI_TALK_LISTENS;
		wait_for(talk, now_ns, FIRST_MS);
	}
}

/* --- Hearing --- */

static void keep(struct nwi_talk *talk, const void *bytes, size_t n_bytes)
{
	struct nw_probe_banner *banner = talk->banner;
	size_t room = sizeof(banner->bytes) - banner->n_bytes;

	banner->is_cut |= n_bytes > room;
	n_bytes = n_bytes < room ? n_bytes : room;
	memcpy(banner->bytes + banner->n_bytes, bytes, n_bytes);
	banner->n_bytes = (uint16_t)(banner->n_bytes + n_bytes);
	talk->is_done |= banner->n_bytes == sizeof(banner->bytes);
}

/* The certificate is known: a web server may say more. */
static void be_up(struct nwi_talk *talk)
{
	char request[256];

	nwi_tls_describe(talk->tls, talk->banner);
	talk->phase = NWI_TALK_ASKED_TLS;
	talk->is_done = !is_web_port(talk->port) ||
			!nwi_tls_say(talk->tls, request,
				     write_request(talk, request, sizeof(request)));
}

static void hear_tls(struct nwi_talk *talk, const void *bytes, size_t n_bytes)
{
	unsigned char plain[512];
	enum nwi_tls_state state;
	size_t n;

	if (!nwi_tls_put(talk->tls, bytes, n_bytes)) {
		talk->is_done = true;
		return;
	}
	if (talk->phase == NWI_TALK_SHAKES) {
		state = nwi_tls_shake(talk->tls);
		talk->is_done |= state == NWI_TLS_FAILED;
		if (state == NWI_TLS_IS_UP)
			be_up(talk);
	}
	take_say(talk);
	if (talk->phase != NWI_TALK_ASKED_TLS)
		return;
	while (!talk->is_done && (n = nwi_tls_hear(talk->tls, plain, sizeof(plain))) > 0)
		keep(talk, plain, n);
}

void nwi_talk_hear(struct nwi_talk *talk, const void *bytes, size_t n_bytes, uint64_t now_ns)
{
	talk->heard_bytes += n_bytes;
	if (n_bytes == 0 || talk->heard_bytes > HEARD_MAX || now_ns >= talk->end_ns) {
		talk->is_done = true;
		return;
	}
	if (talk->tls)
		hear_tls(talk, bytes, n_bytes);
	else
		keep(talk, bytes, n_bytes);
	if (talk->banner->n_bytes > 0)
		wait_for(talk, now_ns, MORE_MS);
}

void nwi_talk_is_silent(struct nwi_talk *talk, uint64_t now_ns)
{
	if (talk->phase == NWI_TALK_LISTENS && talk->banner->n_bytes == 0 && now_ns < talk->end_ns)
		ask_for_page(talk);
	else
		talk->is_done = true;
}

bool nwi_talk_end(struct nwi_talk *talk)
{
	nwi_tls_destroy(talk->tls);
	talk->tls = NULL;
	nwi_banner_read(talk->banner, talk->port);
	if (talk->banner->has_tls && talk->banner->service[0] == '\0')
		nwi_banner_text(talk->banner->service, sizeof(talk->banner->service),
				(const unsigned char *)"tls", 3);
	return talk->banner->n_bytes > 0 || talk->banner->has_tls;
}
