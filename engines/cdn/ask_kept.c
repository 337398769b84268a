/* SPDX-License-Identifier: MIT */
/* Questions through the budgets and the cache: what is kept is not asked again. */
#include "cdn/ask.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

enum { KEY_BYTES = NWI_HOST_BYTES + 32 };

static size_t dns_key(char key[KEY_BYTES], enum nwi_dns_type type, const char *name)
{
	int n = snprintf(key, KEY_BYTES, "d%d %s", (int)type, name);

	return (size_t)n;
}

/* By the name, the address and what was asked of both. */
static size_t web_key(char key[KEY_BYTES], const struct nwi_web_slot *slot)
{
	const struct nwi_web_request *request = &slot->request;
	int n = snprintf(key, KEY_BYTES, "w%d:%d:%d ", (int)request->how, request->port,
			 request->address.family);

	memcpy(key + n, request->address.bytes, sizeof(request->address.bytes));
	n += (int)sizeof(request->address.bytes);
	if (request->host)
		n += snprintf(key + n, KEY_BYTES - (size_t)n, "%s", request->host);
	return (size_t)n;
}

static uint64_t until(const struct nw_cdn_asker *asker, bool is_found, uint64_t life_ns)
{
	uint64_t most_ns = is_found ? asker->options.cache_ns : asker->options.negative_ns;

	return nwi_ask_now_ns() + (life_ns < most_ns ? life_ns : most_ns);
}

/* --- DNS --- */

void nwi_ask_dns(struct nw_cdn_asker *asker, struct nwi_target *target, struct nwi_dns_slot *slot,
		 enum nwi_dns_type type, const char *name)
{
	char key[KEY_BYTES];

	slot->question = (struct nwi_dns_question){ .path = &slot->path, .type = type };
	slot->is_new = false;
	slot->was_cached = nwi_cache_get(&asker->cache, key, dns_key(key, type, name),
					 nwi_ask_now_ns(), &slot->path, sizeof(slot->path));
	if (target && slot->was_cached)
		target->cached_count++;
	if (slot->was_cached)
		return;
	if (!nwi_ask_may(asker, 1)) {
		nwi_chain_init(&slot->path, name);
		slot->path.end = NWI_CHAIN_SPENT;
		if (target)
			target->is_spent = true;
		return;
	}
	if (target)
		target->request_count++;
	slot->is_new = true;
	nwi_dns_ask(asker->dns, &slot->question, name);
}

void nwi_keep_dns(struct nw_cdn_asker *asker, struct nwi_target *target, struct nwi_dns_slot *slot)
{
	const struct nwi_chain *path = &slot->path;
	char key[KEY_BYTES];

	if (!slot->is_new)
		return;
	slot->is_new = false;
	if (target)
		target->request_count += slot->question.asked_count - 1u;
	nwi_cache_put(&asker->cache, key,
		      dns_key(key, slot->question.type, nwi_texts_at(&path->texts, path->name)),
		      path, nwi_chain_bytes(path),
		      until(asker, path->end == NWI_CHAIN_FOUND, path->ttl_s * NS_PER_S));
}

/* --- Servers --- */

void nwi_ask_web(struct nw_cdn_asker *asker, struct nwi_target *target, struct nwi_web_slot *slot)
{
	struct nwi_web_request *request = &slot->request;
	char key[KEY_BYTES];

	slot->is_new = false;
	request->page = &slot->page;
	request->connect_ns = asker->options.tls_ns;
	request->all_ns = request->how == NWI_WEB_SHAKE ? asker->options.tls_ns
							: asker->options.http_ns;
	slot->was_cached = !request->body &&
			   nwi_cache_get(&asker->cache, key, web_key(key, slot), nwi_ask_now_ns(),
					 &slot->page, sizeof(slot->page));
	if (target && slot->was_cached)
		target->cached_count++;
	if (slot->was_cached)
		return;
	if (!nwi_ask_may(asker, 1)) {
		nwi_reply_init(&slot->page);
		slot->page.end = NWI_REPLY_SPENT;
		if (target)
			target->is_spent = true;
		return;
	}
	if (target)
		target->request_count++;
	slot->is_new = !request->body;
	nwi_web_ask(asker->web, request);
}

void nwi_keep_web(struct nw_cdn_asker *asker, struct nwi_web_slot *slot)
{
	char key[KEY_BYTES];

	if (!slot->is_new)
		return;
	slot->is_new = false;
	nwi_cache_put(&asker->cache, key, web_key(key, slot), &slot->page,
		      nwi_reply_bytes(&slot->page),
		      until(asker, slot->page.end == NWI_REPLY_FOUND, UINT64_MAX));
}
