/* SPDX-License-Identifier: MIT */
/* Questions to name servers: c-ares sends, repeats, goes over to TCP and to the next server. */
#include "cdn/ask_dns.h"

#include <ares.h>
#include <errno.h>
#include <nw/arena.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

#define NS_PER_MS UINT64_C(1000000)

enum { TRIES = 2, LEAST_MS = 20, UDP_BYTES = 1232 };

struct nwi_dns {
	ares_channel channel;
	struct nwi_dns_socket sockets[NWI_DNS_SOCKETS];
	uint64_t asked_count;
};

/* c-ares tells which sockets it has; one beyond the table is found by its time-out. */
static void on_socket(void *context, ares_socket_t fd, int reads, int writes)
{
	struct nwi_dns *dns = context;
	struct nwi_dns_socket *place = NULL;

	for (unsigned i = 0; i < NWI_DNS_SOCKETS; i++) {
		if (dns->sockets[i].fd == fd) {
			place = &dns->sockets[i];
			break;
		}
		if (!place && dns->sockets[i].fd < 0)
			place = &dns->sockets[i];
	}
	if (place)
		*place = (struct nwi_dns_socket){ reads || writes ? fd : -1, reads, writes };
}

static int refuse(struct nw_diag *diag, int rc, const char *text, const char *word)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%s%s", text, word);
	return rc;
}

static unsigned server_count(ares_channel channel)
{
	struct ares_addr_port_node *servers = NULL;
	unsigned count = 0;

	if (ares_get_servers_ports(channel, &servers) != ARES_SUCCESS)
		return 1;
	for (struct ares_addr_port_node *server = servers; server; server = server->next)
		count++;
	ares_free_data(servers);
	return count ? count : 1;
}

/* Each server is asked TRIES times, and waited for twice as long every time. */
static int timeout_each_ms(uint64_t timeout_ns, unsigned servers)
{
	uint64_t ms = timeout_ns / NS_PER_MS / ((uint64_t)servers * ((1u << TRIES) - 1));

	return ms < LEAST_MS ? LEAST_MS : ms > 60000 ? 60000 : (int)ms;
}

static int open_channel(struct nwi_dns *dns, int timeout_ms)
{
	struct ares_options options = { .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
						 ARES_FLAG_EDNS,
					.timeout = timeout_ms,
					.tries = TRIES,
					.ednspsz = UDP_BYTES,
					.sock_state_cb = on_socket,
					.sock_state_cb_data = dns };

	return ares_init_options(&dns->channel, &options,
				 ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
					 ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB);
}

/* How many servers there are is known by the channel that knows them; then comes the one to keep.
 */
static int open_servers(struct nwi_dns *dns, const char *servers, uint64_t timeout_ns)
{
	unsigned count;
	int rc = open_channel(dns, LEAST_MS);

	if (rc == ARES_SUCCESS && servers)
		rc = ares_set_servers_ports_csv(dns->channel, servers);
	if (rc != ARES_SUCCESS)
		return rc;
	count = server_count(dns->channel);
	ares_destroy(dns->channel);
	dns->channel = NULL;
	rc = open_channel(dns, timeout_each_ms(timeout_ns, count));
	if (rc == ARES_SUCCESS && servers)
		rc = ares_set_servers_ports_csv(dns->channel, servers);
	return rc;
}

int nwi_dns_open(struct nwi_dns **ret_dns, struct nw_arena *arena, const char *servers,
		 uint64_t timeout_ns, struct nw_diag *reterr_diag)
{
	struct nwi_dns *dns = nw_arena_alloc(arena, sizeof(*dns), 16);
	int rc;

	if (!dns || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return refuse(reterr_diag, -ENOMEM, "no memory", "");
	for (unsigned i = 0; i < NWI_DNS_SOCKETS; i++)
		dns->sockets[i].fd = -1;
	rc = open_servers(dns, servers, timeout_ns);
	if (rc == ARES_SUCCESS) {
		*ret_dns = dns;
		return 0;
	}
	if (dns->channel)
		ares_destroy(dns->channel);
	ares_library_cleanup();
	if (rc == ARES_ENOMEM)
		return refuse(reterr_diag, -ENOMEM, "no memory", "");
	return refuse(reterr_diag, -EINVAL,
		      "name servers are given as 192.0.2.1 or [2001:db8::1]:53: ",
		      servers ? servers : ares_strerror(rc));
}

void nwi_dns_close(struct nwi_dns *dns)
{
	if (!dns)
		return;
	ares_destroy(dns->channel);
	ares_library_cleanup();
}

static enum nwi_chain_end end_of(int status)
{
	switch (status) {
	case ARES_ENODATA:
		return NWI_CHAIN_NO_DATA;
	case ARES_ENOTFOUND:
		return NWI_CHAIN_NO_NAME;
	case ARES_ETIMEOUT:
	case ARES_ECANCELLED:
	case ARES_EDESTRUCTION:
		return NWI_CHAIN_SILENT;
	case ARES_EBADRESP:
	case ARES_EFORMERR:
		return NWI_CHAIN_BROKEN;
	default:
		return NWI_CHAIN_REFUSED;
	}
}

static void on_answer(void *context, int status, int timeouts, unsigned char *bytes, int n_bytes);

static void send_question(struct nwi_dns_question *question)
{
	struct nwi_dns *dns = question->dns;

	dns->asked_count++;
	question->asked_count++;
	ares_query(dns->channel, nwi_chain_last(question->path), 1 /* IN */, (int)question->type,
		   on_answer, question);
}

/* An answer that says "no" has the chain that led there, too. */
static void on_answer(void *context, int status, int timeouts, unsigned char *bytes, int n_bytes)
{
	struct nwi_dns_question *question = context;
	bool has_answer = bytes && n_bytes > 0 &&
			  (status == ARES_SUCCESS || status == ARES_ENODATA ||
			   status == ARES_ENOTFOUND);
	bool goes_on = false;

	(void)timeouts; /* c-ares has asked again already */
	if (has_answer)
		goes_on = nwi_chain_read(question->path, question->type, bytes, (size_t)n_bytes);
	else
		question->path->end = (uint8_t)end_of(status);
	if (goes_on && question->asked_count <= NWI_CHAIN_STEPS)
		send_question(question);
	else
		question->is_out = false;
}

void nwi_dns_ask(struct nwi_dns *dns, struct nwi_dns_question *question, const char *name)
{
	nwi_chain_init(question->path, name);
	question->dns = dns;
	question->asked_count = 0;
	question->is_out = true;
	send_question(question);
}

uint64_t nwi_dns_asked_count(const struct nwi_dns *dns)
{
	return dns->asked_count;
}

const struct nwi_dns_socket *nwi_dns_sockets(const struct nwi_dns *dns)
{
	return dns->sockets;
}

int nwi_dns_timeout_ms(const struct nwi_dns *dns, int max_ms)
{
	struct timeval most = { max_ms / 1000, max_ms % 1000 * 1000L }, time;
	struct timeval *until = ares_timeout(dns->channel, &most, &time);

	return (int)(until->tv_sec * 1000 + (until->tv_usec + 999) / 1000);
}

void nwi_dns_go_on(struct nwi_dns *dns, int fd, bool reads, bool writes)
{
	ares_process_fd(dns->channel, reads ? fd : ARES_SOCKET_BAD, writes ? fd : ARES_SOCKET_BAD);
}

void nwi_dns_tick(struct nwi_dns *dns)
{
	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
