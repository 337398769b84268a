/* SPDX-License-Identifier: MIT */
/* What was answered, as nw_cdn_classify() reads it. */
#include "cdn/ask.h"

#include <stdio.h>
#include <string.h>

void nwi_reverse_name(const struct nw_cdn_address *address, char ret_name[NWI_HOST_BYTES])
{
	const unsigned char *b = address->bytes;
	size_t used = 0;

	if (address->family == 4) {
		(void)snprintf(ret_name, NWI_HOST_BYTES, "%u.%u.%u.%u.in-addr.arpa", b[3], b[2],
			       b[1], b[0]);
		return;
	}
	for (int i = 15; i >= 0; i--)
		used += (size_t)snprintf(ret_name + used, NWI_HOST_BYTES - used, "%x.%x.",
					 b[i] & 15u, b[i] >> 4);
	(void)snprintf(ret_name + used, NWI_HOST_BYTES - used, "ip6.arpa");
}

/* "No" is an answer, silence is none. */
static bool was_answered(const struct nwi_chain *path)
{
	return path->end == NWI_CHAIN_FOUND || path->end == NWI_CHAIN_NO_NAME ||
	       path->end == NWI_CHAIN_NO_DATA;
}

static void see_chain(struct nwi_sight *sight, const struct nwi_chain *path)
{
	if (was_answered(path) || path->cname_count > 0)
		sight->seen.asked |= NW_CDN_ASKED_CNAME;
	for (unsigned i = 0; i < path->cname_count; i++)
		sight->cnames[i] = nwi_texts_at(&path->texts, path->cnames[i]);
	sight->seen.cnames = sight->cnames;
	sight->seen.cname_count = path->cname_count;
}

static bool leads_back(const struct nwi_chain *back, const struct nw_cdn_address *address)
{
	for (unsigned i = 0; i < back->address_count; i++)
		if (memcmp(&back->addresses[i], address, sizeof(*address)) == 0)
			return true;
	return false;
}

static void see_pointer(struct nwi_sight *sight, const struct nwi_chain *pointer,
			const struct nwi_chain *back)
{
	if (was_answered(pointer))
		sight->seen.asked |= NW_CDN_ASKED_PTR;
	if (pointer->end != NWI_CHAIN_FOUND || pointer->value_count == 0)
		return;
	sight->seen.ptr = nwi_texts_at(&pointer->texts, pointer->values[0].text);
	sight->seen.is_ptr_confirmed = back->end == NWI_CHAIN_FOUND &&
				       leads_back(back, &sight->seen.address);
}

void nwi_see_headers(struct nwi_sight *sight, const struct nwi_reply *page)
{
	sight->seen.asked |= NW_CDN_ASKED_HEADERS;
	for (unsigned i = 0; i < page->header_count; i++)
		sight->headers[i] = (struct nw_cdn_header){
			nwi_texts_at(&page->texts, page->headers[i].name),
			nwi_texts_at(&page->texts, page->headers[i].value)
		};
	sight->seen.headers = sight->headers;
	sight->seen.header_count = page->header_count;
}

static const char *text_or_null(const struct nwi_reply *page, uint32_t position)
{
	return position ? nwi_texts_at(&page->texts, position) : NULL;
}

void nwi_see_cert(struct nw_cdn_certificate *ret_cert, const char **sans,
		  const struct nwi_reply *page)
{
	const struct nwi_reply_cert *cert = &page->cert;

	for (unsigned i = 0; i < cert->san_count; i++)
		sans[i] = nwi_texts_at(&page->texts, cert->sans[i]);
	*ret_cert = (struct nw_cdn_certificate){
		.subject_cn = text_or_null(page, cert->subject_cn),
		.issuer_o = text_or_null(page, cert->issuer_o),
		.issuer_cn = text_or_null(page, cert->issuer_cn),
		.sans = sans,
		.san_count = cert->san_count,
	};
}

static void see_named(struct nwi_sight *sight, const struct nwi_reply *page)
{
	if (!page->cert.is_there)
		return;
	nwi_see_cert(&sight->cert, sight->sans, page);
	sight->seen.cert = &sight->cert;
	sight->seen.asked |= NW_CDN_ASKED_CERT;
}

static void see_default(struct nwi_sight *sight, const struct nwi_reply *page)
{
	if (!page->cert.is_there)
		return;
	nwi_see_cert(&sight->default_cert, sight->default_sans, page);
	sight->seen.default_cert = &sight->default_cert;
	sight->seen.asked |= NW_CDN_ASKED_DEFAULT_CERT;
}

void nwi_asked_look(const struct nw_cdn_asker *asker, struct nwi_target *target)
{
	struct nwi_sight *sight = &target->sight;
	const struct nwi_reply *front = &target->front.page, *plain = &target->plain.page;

	sight->seen = (struct nw_cdn_seen){ .address = target->address };
	if (target->ipv4.path.end != NWI_CHAIN_NOT_ASKED)
		see_chain(sight, target->ipv4.path.cname_count || was_answered(&target->ipv4.path)
					 ? &target->ipv4.path
					 : &target->ipv6.path);
	if (target->pointer.path.end != NWI_CHAIN_NOT_ASKED)
		see_pointer(sight, &target->pointer.path, &target->back.path);
	if (front->end != NWI_REPLY_NOT_ASKED && front->status)
		nwi_see_headers(sight, front);
	else if (plain->end != NWI_REPLY_NOT_ASKED && plain->status)
		nwi_see_headers(sight, plain);
	if (front->end != NWI_REPLY_NOT_ASKED) {
		if (target->has_name)
			see_named(sight, front);
		else
			see_default(sight, front);
	}
	if (target->bare.page.end != NWI_REPLY_NOT_ASKED)
		see_default(sight, &target->bare.page);
	nw_cdn_classify(asker->options.cdn, &sight->seen, &sight->answer);
}
