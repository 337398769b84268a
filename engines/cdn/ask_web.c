/* SPDX-License-Identifier: MIT */
/* Requests to web servers, and the one place where an asker waits. */
#include "cdn/ask_web.h"

#include <curl/curl.h>
#include <errno.h>
#include <nw/arena.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

struct nwi_web {
	CURLM *multi;
	const char *agent;
	uint64_t asked_count;
};

int nwi_web_open(struct nwi_web **ret_web, struct nw_arena *arena, const char *agent)
{
	struct nwi_web *web = nw_arena_alloc(arena, sizeof(*web), 16);

	if (!web || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	web->agent = agent;
	web->multi = curl_multi_init();
	if (!web->multi) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	*ret_web = web;
	return 0;
}

void nwi_web_close(struct nwi_web *web)
{
	if (!web)
		return;
	(void)curl_multi_cleanup(web->multi); /* no request is in it any more */
	curl_global_cleanup();
}

uint64_t nwi_web_asked_count(const struct nwi_web *web)
{
	return web->asked_count;
}

/* --- What comes in --- */

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct nwi_web_request *request = context;

	return nwi_reply_add_line(request->page, line, size * count) ? size * count : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct nwi_web_request *request = context;
	size_t n = size * count, room = request->body_room - request->body_bytes;

	if (n > room) {
		request->is_body_cut = true;
		n = room;
	}
	memcpy(request->body + request->body_bytes, bytes, n);
	request->body_bytes += (uint32_t)n;
	return request->is_body_cut ? 0 : size * count;
}

static void read_certificate(struct nwi_web_request *request)
{
	struct curl_certinfo *chain = NULL;

	if (curl_easy_getinfo(request->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
	    chain->num_of_certs < 1)
		return;
	for (struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
		if (strncmp(line->data, "Cert:", 5) == 0)
			(void)nwi_reply_add_pem(request->page, line->data + 5); /* or it has none */
}

static enum nwi_reply_end end_of(const struct nwi_web_request *request, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return NWI_REPLY_FOUND;
	case CURLE_COULDNT_CONNECT:
		return NWI_REPLY_REFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return NWI_REPLY_SILENT;
	case CURLE_SSL_CONNECT_ERROR:
		return NWI_REPLY_NO_TLS;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return NWI_REPLY_HUNG_UP;
	case CURLE_OUT_OF_MEMORY: /* so libcurl says of a line above 100 KiB */
		return request->page->status ? NWI_REPLY_CUT : NWI_REPLY_BROKEN;
	case CURLE_WRITE_ERROR:
		return request->is_body_cut ? NWI_REPLY_FOUND : NWI_REPLY_CUT;
	default:
		return NWI_REPLY_BROKEN;
	}
}

static void let_go(struct nwi_web *web, struct nwi_web_request *request)
{
	(void)curl_multi_remove_handle(web->multi, request->easy); /* it is in it */
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->way);
	request->easy = request->way = NULL;
	request->is_out = false;
}

static void finish(struct nwi_web *web, struct nwi_web_request *request, CURLcode code)
{
	if (request->by_tls)
		read_certificate(request);
	request->page->end = (uint8_t)end_of(request, code);
	let_go(web, request);
}

void nwi_web_drop(struct nwi_web *web, struct nwi_web_request *request)
{
	if (request->is_out)
		let_go(web, request);
}

/* --- What goes out --- */

static const char *bracket(const struct nw_cdn_address *address, char *ret_text, size_t n_bytes)
{
	char text[NW_CDN_ADDRESS_TEXT_BYTES];

	(void)snprintf(ret_text, n_bytes, address->family == 6 ? "[%s]" : "%s",
		       nw_cdn_address_text(address, text));
	return ret_text;
}

/* The name is in the address of the page, where to connect to is beside it: libcurl has nothing to
 * look up, and a bare address goes without a name for TLS. */
static CURLcode set_way(struct nwi_web_request *request)
{
	char place[NW_CDN_ADDRESS_TEXT_BYTES + 2], text[NWI_HOST_BYTES + 32];
	CURLcode code;

	(void)bracket(&request->address, place, sizeof(place));
	(void)snprintf(text, sizeof(text), "::%s:%u", place, request->port);
	request->way = curl_slist_append(NULL, text);
	if (!request->way)
		return CURLE_OUT_OF_MEMORY;
	(void)snprintf(text, sizeof(text), "%s://%s:%u/", request->by_tls ? "https" : "http",
		       request->host ? request->host : place, request->port);
	code = curl_easy_setopt(request->easy, CURLOPT_URL, text);
	return code ? code : curl_easy_setopt(request->easy, CURLOPT_CONNECT_TO, request->way);
}

static long ms_of(uint64_t ns)
{
	return (long)((ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* A certificate is read, not believed: old versions and unknown authorities are let in. Without a
 * file of authorities, none is loaded for each connection. */
static void set_tls(CURL *easy)
{
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_0);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, "ALL:@SECLEVEL=0");
	(void)curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
}

/* An option that this libcurl does not know stays as it is: none of them is needed for an answer.
 */
static void set_options(const struct nwi_web *web, struct nwi_web_request *request)
{
	CURL *easy = request->easy;

	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, web->agent);
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_NOBODY, request->how == NWI_WEB_HEAD ? 1L : 0L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, request->how == NWI_WEB_SHAKE ? 1L : 0L);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms_of(request->connect_ns));
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms_of(request->all_ns));
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	if (request->by_tls)
		set_tls(easy);
}

void nwi_web_ask(struct nwi_web *web, struct nwi_web_request *request)
{
	nwi_reply_init(request->page);
	request->page->by_tls = request->by_tls;
	request->body_bytes = 0;
	request->is_body_cut = false;
	request->way = NULL;
	request->easy = curl_easy_init();
	request->is_out = true;
	web->asked_count++;
	if (request->easy && set_way(request) == CURLE_OK) {
		set_options(web, request);
		if (curl_multi_add_handle(web->multi, request->easy) == CURLM_OK)
			return;
	}
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->way);
	request->easy = request->way = NULL;
	request->page->end = NWI_REPLY_REFUSED; /* no memory for it */
	request->is_out = false;
}

/* --- Waiting --- */

static unsigned list_sockets(const struct nwi_dns *dns, struct curl_waitfd *ret_fds)
{
	const struct nwi_dns_socket *sockets = nwi_dns_sockets(dns);
	unsigned count = 0;

	for (unsigned i = 0; i < NWI_DNS_SOCKETS; i++)
		if (sockets[i].fd >= 0)
			ret_fds[count++] = (struct curl_waitfd){
				.fd = sockets[i].fd,
				.events = (short)((sockets[i].reads ? CURL_WAIT_POLLIN : 0) |
						  (sockets[i].writes ? CURL_WAIT_POLLOUT : 0))
			};
	return count;
}

/* Returns how many requests have ended. */
static unsigned go_on(struct nwi_web *web)
{
	struct nwi_web_request *request;
	struct CURLMsg *message;
	unsigned count = 0;
	int n;

	(void)curl_multi_perform(web->multi, &n); /* each request's end says what failed */
	while ((message = curl_multi_info_read(web->multi, &n)) != NULL) {
		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request) != CURLE_OK)
			continue;
		finish(web, request, message->data.result);
		count++;
	}
	return count;
}

void nwi_web_wait(struct nwi_web *web, struct nwi_dns *dns, int max_ms)
{
	struct curl_waitfd fds[NWI_DNS_SOCKETS];
	unsigned count = dns ? list_sockets(dns, fds) : 0;

	/* What was added since has to begin, or nothing of it is waited for. */
	if (go_on(web) > 0)
		max_ms = 0;
	if (dns)
		max_ms = nwi_dns_timeout_ms(dns, max_ms);
	(void)curl_multi_poll(web->multi, fds, count, max_ms, NULL); /* or it is a little early */
	for (unsigned i = 0; i < count; i++)
		if (fds[i].revents)
			nwi_dns_go_on(dns, fds[i].fd, fds[i].revents & ~CURL_WAIT_POLLOUT,
				      fds[i].revents & CURL_WAIT_POLLOUT);
	if (dns)
		nwi_dns_tick(dns);
	(void)go_on(web);
}
