/* SPDX-License-Identifier: MIT */
/* The steps of a target: each begins by asking, or finds that there is nothing to ask; each ends by
 * keeping what has come. */
#include "cdn/ask.h"

#include <string.h>

static bool may_ask(const struct nw_cdn_asker *asker, unsigned kind)
{
	return (asker->options.kinds & kind) != 0;
}

static bool has_address(const struct nwi_target *target)
{
	return target->address.family != 0;
}

/* --- LOOKUP --- */

/* With an address that was given, the chain alone is wanted. */
static void begin_lookup(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	if (!target->has_name || !may_ask(asker, NW_CDN_ASK_DNS))
		return;
	nwi_ask_dns(asker, target, &target->ipv4, NWI_DNS_A, target->name);
	if (!has_address(target))
		nwi_ask_dns(asker, target, &target->ipv6, NWI_DNS_AAAA, target->name);
}

/* The lowest: servers of names turn them round, the answer shall not. */
static void choose(struct nwi_target *target, const struct nwi_chain *path)
{
	for (unsigned i = 0; i < path->address_count; i++)
		if (!has_address(target) || memcmp(path->addresses[i].bytes, target->address.bytes,
						   sizeof(target->address.bytes)) < 0)
			target->address = path->addresses[i];
}

static void end_lookup(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	nwi_keep_dns(asker, target, &target->ipv4);
	nwi_keep_dns(asker, target, &target->ipv6);
	if (!has_address(target) && target->ipv4.path.end == NWI_CHAIN_FOUND)
		choose(target, &target->ipv4.path);
	if (!has_address(target) && target->ipv6.path.end == NWI_CHAIN_FOUND)
		choose(target, &target->ipv6.path);
}

/* --- POINTER, BACK --- */

static void begin_pointer(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	char name[NWI_HOST_BYTES];

	if (!has_address(target) || !may_ask(asker, NW_CDN_ASK_DNS))
		return;
	nwi_reverse_name(&target->address, name);
	nwi_ask_dns(asker, target, &target->pointer, NWI_DNS_PTR, name);
}

static void end_pointer(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	nwi_keep_dns(asker, target, &target->pointer);
}

/* Anyone can write any name there: it counts once that name says the same. */
static void begin_back(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	const struct nwi_chain *path = &target->pointer.path;

	if (path->end == NWI_CHAIN_FOUND && path->value_count > 0)
		nwi_ask_dns(asker, target, &target->back,
			    target->address.family == 4 ? NWI_DNS_A : NWI_DNS_AAAA,
			    nwi_texts_at(&path->texts, path->values[0].text));
}

static void end_back(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	nwi_keep_dns(asker, target, &target->back);
}

/* --- FRONT, PLAIN, BARE --- */

static void ask_server(struct nw_cdn_asker *asker, struct nwi_target *target,
		       struct nwi_web_slot *slot, bool by_tls, enum nwi_web_how how)
{
	bool is_bare = slot == &target->bare || !target->has_name;

	slot->request = (struct nwi_web_request){
		.host = is_bare ? NULL : target->name,
		.address = target->address,
		.port = by_tls ? asker->options.https_port : asker->options.http_port,
		.by_tls = by_tls,
		.how = how,
	};
	nwi_ask_web(asker, target, slot);
}

static void begin_front(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	if (has_address(target) && may_ask(asker, NW_CDN_ASK_TLS))
		ask_server(asker, target, &target->front, true,
			   may_ask(asker, NW_CDN_ASK_HTTP) ? NWI_WEB_HEAD : NWI_WEB_SHAKE);
}

static void end_front(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	nwi_keep_web(asker, &target->front);
}

/* One HEAD a host: not where the other one was sent. */
static void begin_plain(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	const struct nwi_reply *front = &target->front.page;

	if (has_address(target) && may_ask(asker, NW_CDN_ASK_HTTP) && !front->cert.is_there &&
	    front->status == 0)
		ask_server(asker, target, &target->plain, false, NWI_WEB_HEAD);
}

static void end_plain(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	nwi_keep_web(asker, &target->plain);
}

/* Without a name there is no other certificate than the one that FRONT saw; where nobody listens,
 * nobody has one. */
static void begin_bare(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	enum nwi_reply_end end = target->front.page.end;

	if (has_address(target) && target->has_name && may_ask(asker, NW_CDN_ASK_TLS) &&
	    end != NWI_REPLY_REFUSED &&
	    (end != NWI_REPLY_SILENT || target->front.page.cert.is_there))
		ask_server(asker, target, &target->bare, true, NWI_WEB_SHAKE);
}

static void end_bare(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	nwi_keep_web(asker, &target->bare);
}

/* --- All of them --- */

typedef void step_function(struct nw_cdn_asker *asker, struct nwi_target *target);

static const struct {
	step_function *begin, *end;
} steps[NWI_STEP_END + 1] = {
	[NWI_STEP_LOOKUP] = { begin_lookup, end_lookup },
	[NWI_STEP_POINTER] = { begin_pointer, end_pointer },
	[NWI_STEP_BACK] = { begin_back, end_back },
	[NWI_STEP_FRONT] = { begin_front, end_front },
	[NWI_STEP_PLAIN] = { begin_plain, end_plain },
	[NWI_STEP_BARE] = { begin_bare, end_bare },
};

static bool is_waiting(const struct nwi_target *target)
{
	return target->ipv4.question.is_out || target->ipv6.question.is_out ||
	       target->pointer.question.is_out || target->back.question.is_out ||
	       target->front.request.is_out || target->plain.request.is_out ||
	       target->bare.request.is_out;
}

/* Fronts have machines in networks of others, which no list and no AS tells: that nobody stands
 * there is not decided before the names were looked at. */
static bool is_enough(const struct nw_cdn_asker *asker, const struct nwi_target *target)
{
	const struct nw_cdn_answer *answer = &target->sight.answer;

	if (!answer->is_decided || !has_address(target) || asker->options.asks_all)
		return false;
	return answer->provider_idx != UINT32_MAX || target->step >= NWI_STEP_BACK;
}

/* The address alone is looked at before anything is asked, and what each step has brought. */
bool nwi_asked_go_on(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	while (!is_waiting(target)) {
		if (steps[target->step].end)
			steps[target->step].end(asker, target);
		nwi_asked_look(asker, target);
		if (target->step == NWI_STEP_BARE || is_enough(asker, target)) {
			target->step = NWI_STEP_END;
			return true;
		}
		target->step++;
		if (steps[target->step].begin)
			steps[target->step].begin(asker, target);
	}
	return false;
}

void nwi_asked_drop(struct nw_cdn_asker *asker, struct nwi_target *target)
{
	nwi_web_drop(asker->web, &target->front.request);
	nwi_web_drop(asker->web, &target->plain.request);
	nwi_web_drop(asker->web, &target->bare.request);
}

/* --- What is told --- */

static const char *dns_note(const struct nwi_chain *path)
{
	return path->end == NWI_CHAIN_NOT_ASKED || path->end == NWI_CHAIN_FOUND
		       ? NULL
		       : nwi_chain_end_text(path->end);
}

static const char *page_note(const struct nwi_reply *page)
{
	return page->end == NWI_REPLY_NOT_ASKED || page->end == NWI_REPLY_FOUND
		       ? NULL
		       : nwi_reply_end_text(page->end);
}

/* A name without an address: why. */
static const char *lookup_note(const struct nwi_target *target)
{
	if (has_address(target))
		return NULL;
	if (target->ipv4.path.end == NWI_CHAIN_NO_DATA && target->ipv6.path.end != NWI_CHAIN_FOUND)
		return dns_note(&target->ipv6.path);
	return dns_note(&target->ipv4.path);
}

void nwi_asked_result(const struct nwi_target *target, struct nw_cdn_ask_result *ret_result)
{
	const struct nwi_reply *front = &target->front.page, *plain = &target->plain.page;
	const struct nwi_reply *http = plain->end != NWI_REPLY_NOT_ASKED ? plain : front;

	*ret_result = (struct nw_cdn_ask_result){
		.token = target->token,
		.name = target->has_name ? target->name : NULL,
		.seen = &target->sight.seen,
		.answer = &target->sight.answer,
		.dns_note = lookup_note(target),
		.ptr_note = dns_note(&target->pointer.path),
		.tls_note = front->end != NWI_REPLY_NOT_ASKED && !front->cert.is_there
				    ? page_note(front)
				    : NULL,
		.http_note = page_note(http),
		.status = http->status,
		.request_count = target->request_count,
		.cached_count = target->cached_count,
		.took_ns = target->took_ns,
		.is_spent = target->is_spent,
	};
}
