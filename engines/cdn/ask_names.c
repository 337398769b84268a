/* SPDX-License-Identifier: MIT */
/* Candidates: what the user knows, names that often go with this one, mail, SPF, the certificate.
 */
#include "cdn/ask_origin.h"

#include <stdio.h>
#include <string.h>

/* Before a name, in the order they are asked. */
static const char *const siblings[] = { "www",  "origin", "origin-www", "direct",  "mail",
					"smtp", "ftp",    "cpanel",     "webmail", "server",
					"host", "dev",    "staging",    "api" };

/* --- Names --- */

static bool has_name(const struct nwi_origin *origin, const char *name, enum nwi_dns_type type)
{
	for (uint32_t i = 0; i < origin->name_count; i++)
		if (origin->names[i].type == type && strcmp(origin->names[i].name, name) == 0)
			return true;
	return false;
}

void nwi_origin_add_name(struct nwi_origin *origin, const char *source, const char *name,
			 enum nwi_dns_type type)
{
	struct nwi_origin_name *place;
	char host[NWI_HOST_BYTES];
	const char *reason;

	if (!nwi_host_read(name, strlen(name), false, host, &reason) ||
	    has_name(origin, host, type))
		return;
	if (origin->name_count == NWI_ORIGIN_NAMES) {
		origin->was_full = true;
		return;
	}
	place = &origin->names[origin->name_count++];
	place->source = source;
	place->type = type;
	place->slot.question.is_out = false;
	memcpy(place->name, host, sizeof(host));
}

static void add_both(struct nwi_origin *origin, const char *source, const char *name)
{
	nwi_origin_add_name(origin, source, name, NWI_DNS_A);
	nwi_origin_add_name(origin, source, name, NWI_DNS_AAAA);
}

static void add_siblings(struct nwi_origin *origin, const char *base)
{
	char name[NWI_HOST_BYTES + 16];

	add_both(origin, "name", base);
	for (unsigned i = 0; i < sizeof(siblings) / sizeof(siblings[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s.%s", siblings[i], base);
		nwi_origin_add_name(origin, "name", name, NWI_DNS_A);
	}
	nwi_origin_add_name(origin, "mx", base, NWI_DNS_MX);
	nwi_origin_add_name(origin, "spf", base, NWI_DNS_TXT);
}

static bool is_below(const char *name, const char *base)
{
	size_t n = strlen(name), m = strlen(base);

	return m > 0 && n > m && name[n - m - 1] == '.' && strcmp(name + n - m, base) == 0;
}

/* What is above a name may be anybody's (co.uk): only the front's certificate makes it the same
 * owner's. */
static void find_parent(struct nwi_origin *origin)
{
	const char *dot = strchr(origin->base, '.');
	const struct nwi_reply *page = &origin->front->slot.page;

	if (!dot || !strchr(dot + 1, '.'))
		return;
	for (unsigned i = 0; i < page->cert.san_count; i++)
		if (strcmp(nwi_texts_at(&page->texts, page->cert.sans[i]), dot + 1) == 0)
			(void)snprintf(origin->parent, sizeof(origin->parent), "%s", dot + 1);
}

/* A certificate of many customers names them all: only those of this owner are asked for. */
static void add_certificate(struct nwi_origin *origin)
{
	const struct nwi_reply *page = &origin->front->slot.page;

	for (unsigned i = 0; i < page->cert.san_count; i++) {
		const char *name = nwi_texts_at(&page->texts, page->cert.sans[i]);

		if (name[0] != '*' && strcmp(name, origin->name) != 0 &&
		    (is_below(name, origin->base) || is_below(name, origin->parent)))
			add_both(origin, "certificate", name);
	}
}

/* --- Addresses --- */

static bool begins(const unsigned char *bytes, unsigned value, unsigned bits)
{
	unsigned first = (unsigned)bytes[0] << 8 | bytes[1];

	return first >> (16 - bits) == value >> (16 - bits);
}

/* Never reached from outside, or not one host. */
static const char *special(const struct nw_cdn_address *address)
{
	const unsigned char *b = address->bytes;

	if (address->family == 4) {
		if (b[0] == 0 || b[0] == 127 || b[0] >= 224 || begins(b, 0xa9fe, 16))
			return "an address of no host out there";
		if (b[0] == 10 || begins(b, 0xac10, 12) || begins(b, 0xc0a8, 16) ||
		    begins(b, 0x6440, 10))
			return "an address of a private network";
		return NULL;
	}
	if (b[0] == 0 || b[0] == 0xff || begins(b, 0xfe80, 10))
		return "an address of no host out there";
	return begins(b, 0xfc00, 7) ? "an address of a private network" : NULL;
}

static bool has_candidate(const struct nwi_origin *origin, const struct nw_cdn_address *address)
{
	for (uint32_t i = 0; i < origin->candidate_count; i++)
		if (memcmp(&origin->candidates[i].address, address, sizeof(*address)) == 0)
			return true;
	return false;
}

static void leave_out(struct nwi_origin *origin, const struct nwi_origin_candidate *candidate,
		      const char *text)
{
	nwi_origin_tell(origin, (struct nw_cdn_origin_step){ .kind = NW_CDN_ORIGIN_LEFT_OUT,
							     .source = candidate->source,
							     .name = candidate->name,
							     .address = candidate->address,
							     .text = text });
}

/* Why an address is not asked, in text; NULL: it is. */
static const char *why_not(struct nwi_origin *origin, const struct nw_cdn_address *address,
			   char *text, size_t n_bytes)
{
	struct nw_cdn_answer *answer = &origin->sight->answer;
	struct nw_cdn_seen seen = { .address = *address };

	if (memcmp(address, &origin->options->front, sizeof(*address)) == 0)
		return "the front itself";
	if (special(address))
		return special(address);
	nw_cdn_classify(origin->asker->options.cdn, &seen, answer);
	if (!nw_cdn_kind_is_front(answer->kind))
		return NULL;
	(void)snprintf(text, n_bytes, "an address of %s", answer->title);
	return text;
}

void nwi_origin_add_address(struct nwi_origin *origin, const struct nw_cdn_address *address,
			    const char *source, const char *name)
{
	struct nwi_origin_candidate candidate = { .address = *address, .source = source };
	uint32_t most = origin->options->candidate_max ? origin->options->candidate_max : 32;
	char text[128];
	const char *why;

	if (has_candidate(origin, address))
		return;
	(void)snprintf(candidate.name, sizeof(candidate.name), "%s", name);
	why = why_not(origin, address, text, sizeof(text));
	if (!why && origin->candidate_count == most)
		why = "more candidates than are asked";
	if (why) {
		leave_out(origin, &candidate, why);
		return;
	}
	origin->candidates[origin->candidate_count++] = candidate;
	nwi_origin_tell(origin, (struct nw_cdn_origin_step){ .kind = NW_CDN_ORIGIN_CANDIDATE,
							     .source = source,
							     .name = name,
							     .address = *address,
							     .text = "to be asked" });
}

/* --- SPF --- */

/* A network is asked as one address: nobody's neighbours are. */
static void add_network(struct nwi_origin *origin, const char *text, size_t n_bytes)
{
	char word[NW_CDN_ADDRESS_TEXT_BYTES + 8];
	struct nw_cdn_address address;
	uint8_t bits;

	(void)snprintf(word, sizeof(word), "%.*s", (int)n_bytes, text);
	if (!nw_cdn_prefix_parse(word, &address, &bits))
		return;
	if (bits == (address.family == 4 ? 32 : 128)) {
		nwi_origin_add_address(origin, &address, "spf", word);
		return;
	}
	nwi_origin_tell(origin,
			(struct nw_cdn_origin_step){
				.kind = NW_CDN_ORIGIN_LEFT_OUT,
				.source = "spf",
				.name = word,
				.text = "a network, not a host: nobody's neighbours are asked" });
}

static bool begins_with(const char *text, size_t n_bytes, const char *word, size_t *ret_bytes)
{
	*ret_bytes = strlen(word);
	return n_bytes > *ret_bytes && strncmp(text, word, *ret_bytes) == 0;
}

static void read_mechanism(struct nwi_origin *origin, const char *text, size_t n_bytes)
{
	char name[NWI_HOST_BYTES];
	size_t n;

	if (n_bytes > 0 && strchr("+-~?", text[0])) {
		text++;
		n_bytes--;
	}
	if (begins_with(text, n_bytes, "ip4:", &n) || begins_with(text, n_bytes, "ip6:", &n)) {
		add_network(origin, text + n, n_bytes - n);
		return;
	}
	if (n_bytes >= sizeof(name))
		return;
	if (begins_with(text, n_bytes, "a:", &n)) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(n_bytes - n), text + n);
		name[strcspn(name, "/")] = '\0';
		add_both(origin, "spf", name);
	} else if ((begins_with(text, n_bytes, "include:", &n) ||
		    begins_with(text, n_bytes, "redirect=", &n)) &&
		   origin->include_count < NWI_ORIGIN_INCLUDES) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(n_bytes - n), text + n);
		origin->include_count++;
		nwi_origin_add_name(origin, "spf", name, NWI_DNS_TXT);
	}
}

void nwi_origin_read_spf(struct nwi_origin *origin, const char *text)
{
	if (strncmp(text, "v=spf1", 6) != 0)
		return;
	for (text += 6; *text;) {
		size_t n;

		text += strspn(text, " ");
		n = strcspn(text, " ");
		read_mechanism(origin, text, n);
		text += n;
	}
}

/* --- Looking up --- */

static void use_path(struct nwi_origin *origin, const struct nwi_origin_name *name)
{
	const struct nwi_chain *path = &name->slot.path;

	for (unsigned i = 0; i < path->address_count; i++)
		nwi_origin_add_address(origin, &path->addresses[i], name->source, name->name);
	for (unsigned i = 0; i < path->value_count; i++) {
		const char *text = nwi_texts_at(&path->texts, path->values[i].text);

		if (name->type == NWI_DNS_MX)
			add_both(origin, "mx", text);
		else
			nwi_origin_read_spf(origin, text);
	}
}

static const char *type_text(enum nwi_dns_type type)
{
	return type == NWI_DNS_A      ? "A"
	       : type == NWI_DNS_AAAA ? "AAAA"
	       : type == NWI_DNS_MX   ? "MX"
				      : "TXT";
}

static void finish(struct nwi_origin *origin, struct nwi_origin_name *name)
{
	const struct nwi_chain *path = &name->slot.path;
	char text[96];

	nwi_keep_dns(origin->asker, NULL, &name->slot);
	if (path->end == NWI_CHAIN_SPENT)
		origin->is_spent = true;
	if (path->end == NWI_CHAIN_FOUND)
		(void)snprintf(text, sizeof(text), "%s: %u found", type_text(name->type),
			       (unsigned)path->address_count + path->value_count);
	else
		(void)snprintf(text, sizeof(text), "%s: %s", type_text(name->type),
			       nwi_chain_end_text(path->end));
	nwi_origin_tell(origin, (struct nw_cdn_origin_step){ .kind = NW_CDN_ORIGIN_LOOKED,
							     .source = name->source,
							     .name = name->name,
							     .text = text });
	if (path->end == NWI_CHAIN_FOUND)
		use_path(origin, name);
}

/* Asks for all names, those that come up meanwhile included. Finished in the order they were added,
 * so that the steps of a search are the same every time. */
static void look_up(struct nwi_origin *origin)
{
	uint32_t asked = 0, done = 0;

	while (done < origin->name_count) {
		while (asked < origin->name_count && !nwi_origin_is_over(origin)) {
			struct nwi_origin_name *name = &origin->names[asked++];

			nwi_ask_dns(origin->asker, NULL, &name->slot, name->type, name->name);
		}
		if (done == asked || origin->is_spent)
			return;
		if (origin->names[done].slot.question.is_out)
			nwi_origin_wait(origin);
		else
			finish(origin, &origin->names[done++]);
	}
}

void nwi_origin_gather(struct nwi_origin *origin)
{
	const struct nw_cdn_origin_options *options = origin->options;

	for (uint32_t i = 0; i < options->history_count; i++)
		nwi_origin_add_address(origin, &options->history[i].address, "history",
				       options->history[i].date ? options->history[i].date : "");
	if (!(origin->asker->options.kinds & NW_CDN_ASK_DNS))
		return;
	find_parent(origin);
	add_siblings(origin, origin->base);
	if (origin->parent[0])
		add_siblings(origin, origin->parent);
	add_certificate(origin);
	look_up(origin);
	if (origin->was_full)
		nwi_origin_tell(origin, (struct nw_cdn_origin_step){
						.kind = NW_CDN_ORIGIN_LEFT_OUT,
						.source = "name",
						.text = "more names than are looked up" });
}
