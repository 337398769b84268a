/* SPDX-License-Identifier: MIT */
/* What is asked of loaded data: providers, lists, prefixes, ASes. */
#include "cdn/asn.h"
#include "cdn/data.h"

#include <assert.h>
#include <string.h>

const char *nw_cdn_kind_name(enum nw_cdn_kind kind)
{
	static const char *const names[NW_CDN_KIND_COUNT] = {
		[NW_CDN_NONE] = "none",         [NW_CDN_CDN] = "cdn",
		[NW_CDN_WAF] = "waf",           [NW_CDN_CLOUD_LB] = "cloud-lb",
		[NW_CDN_CLOUD_VM] = "cloud-vm", [NW_CDN_STORAGE] = "storage",
		[NW_CDN_HOSTING] = "hosting",   [NW_CDN_DNS] = "dns",
	};

	assert(kind < NW_CDN_KIND_COUNT);
	return names[kind];
}

bool nw_cdn_kind_is_front(enum nw_cdn_kind kind)
{
	return kind == NW_CDN_CDN || kind == NW_CDN_WAF;
}

const char *nw_cdn_evidence_name(enum nw_cdn_evidence_kind kind)
{
	static const char *const names[] = {
		[NW_CDN_BY_RANGE] = "range",
		[NW_CDN_BY_ASN] = "asn",
		[NW_CDN_BY_PTR] = "ptr",
		[NW_CDN_BY_CNAME] = "cname",
		[NW_CDN_BY_HEADER] = "header",
		[NW_CDN_BY_CERT] = "cert",
		[NW_CDN_BY_DEFAULT_CERT] = "default-cert",
	};

	return names[kind];
}

/* --- Providers and lists --- */

uint32_t nw_cdn_provider_count(const struct nw_cdn *cdn)
{
	return cdn->provider_count;
}

void nw_cdn_provider_at(const struct nw_cdn *cdn, uint32_t idx,
			struct nw_cdn_provider *ret_provider)
{
	const struct nwi_cdn_provider *provider = &cdn->providers[idx];

	assert(idx < cdn->provider_count);
	*ret_provider = (struct nw_cdn_provider){
		.name = provider->name,
		.title = provider->title,
		.kind = provider->kind,
		.oldest = provider->oldest,
		.newest = provider->newest,
		.prefix4_count = provider->prefix4_count,
		.prefix6_count = provider->prefix6_count,
		.list_count = provider->list_count,
		.asn_count = provider->asn_count,
		.pattern_count = provider->pattern_count,
	};
}

bool nw_cdn_provider(const struct nw_cdn *cdn, const char *name, uint32_t *ret_idx)
{
	uint32_t low = 0, high = cdn->provider_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(name, cdn->providers[middle].name);

		if (order == 0) {
			if (ret_idx)
				*ret_idx = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

uint32_t nw_cdn_list_count(const struct nw_cdn *cdn)
{
	return cdn->list_count;
}

void nw_cdn_list_at(const struct nw_cdn *cdn, uint32_t idx, struct nw_cdn_list *ret_list)
{
	const struct nwi_cdn_list *list = &cdn->lists[idx];

	assert(idx < cdn->list_count);
	*ret_list = (struct nw_cdn_list){
		.provider = cdn->providers[list->provider].name,
		.source = list->source,
		.date = list->date,
		.kind = list->kind,
		.prefix4_count = list->prefix4_count,
		.prefix6_count = list->prefix6_count,
	};
}

void nw_cdn_table_cost(const struct nw_cdn *cdn, uint64_t *ret_bytes, uint64_t *ret_ns)
{
	*ret_bytes = cdn->table4.n_bytes + cdn->table6.n_bytes +
		     cdn->entry_count * sizeof(*cdn->entries);
	*ret_ns = cdn->built_ns;
}

/* --- Addresses --- */

uint32_t nw_cdn_find4(const struct nw_cdn *cdn, uint32_t address)
{
	return nwi_cdn_table_find4(&cdn->table4, address);
}

uint32_t nw_cdn_find(const struct nw_cdn *cdn, const struct nw_cdn_address *address)
{
	uint64_t high, low;

	nwi_cdn_words_of(address, &high, &low);
	if (address->family == 4)
		return nwi_cdn_table_find4(&cdn->table4, (uint32_t)(high >> 32));
	return nwi_cdn_table_find6(&cdn->table6, high, low);
}

/* Addresses that go through their tables side by side. One by one, each waits for a guess of how
 * deep it lies; together they go as deep as the deepest, and nothing is guessed. */
enum { SIDE_BY_SIDE = 8 };

struct lanes {
	const struct nwi_cdn_table *table[SIDE_BY_SIDE];
	uint64_t low[SIDE_BY_SIDE], rest[SIDE_BY_SIDE]; /* bits that are yet to be looked at */
	uint32_t word[SIDE_BY_SIDE];
};

/* One word deeper, for those that are at a node; the others look at node 0 in vain. */
static bool go_deeper(struct lanes *lanes)
{
	uint32_t any = 0;

	for (int i = 0; i < SIDE_BY_SIDE; i++) {
		const struct nwi_cdn_table *table = lanes->table[i];
		uint32_t word = lanes->word[i];
		uint32_t is_node = word >= NWI_CDN_IS_NODE ? UINT32_MAX : 0;
		uint32_t node = word & ~NWI_CDN_WORD_KIND & is_node;
		uint32_t next = table->words[table->bases[node] +
					     table->maps[(size_t)NWI_CDN_FANOUT * node +
							 (lanes->rest[i] >> 56)]];

		lanes->word[i] = (next & is_node) | (word & ~is_node);
		lanes->rest[i] <<= 8 & is_node;
		any |= lanes->word[i] >= NWI_CDN_IS_NODE;
	}
	return any;
}

static void find_lanes(const struct nw_cdn *cdn, const struct nw_cdn_address *addresses,
		       uint32_t *ret_numbers)
{
	struct lanes lanes;
	uint32_t nodes = 0;
	uint64_t high;

	for (int i = 0; i < SIDE_BY_SIDE; i++) {
		lanes.table[i] = addresses[i].family == 4 ? &cdn->table4 : &cdn->table6;
		nwi_cdn_words_of(&addresses[i], &high, &lanes.low[i]);
		lanes.rest[i] = high << 16;
		lanes.word[i] = lanes.table[i]->index[high >> 48];
		nodes |= lanes.word[i] >= NWI_CDN_IS_NODE;
	}
	while (nodes)
		nodes = go_deeper(&lanes);
	for (int i = 0; i < SIDE_BY_SIDE; i++)
		ret_numbers[i] = nwi_cdn_value_of(lanes.table[i], lanes.word[i], lanes.rest[i],
						  lanes.low[i]);
}

void nw_cdn_find_burst(const struct nw_cdn *cdn, const struct nw_cdn_address *addresses,
		       uint32_t count, uint32_t *ret_numbers)
{
	uint32_t at = 0;

	for (; at + SIDE_BY_SIDE <= count; at += SIDE_BY_SIDE)
		find_lanes(cdn, addresses + at, ret_numbers + at);
	for (; at < count; at++)
		ret_numbers[at] = nw_cdn_find(cdn, &addresses[at]);
}

uint32_t nw_cdn_range_count(const struct nw_cdn *cdn)
{
	return cdn->entry_count;
}

void nw_cdn_range(const struct nw_cdn *cdn, uint32_t number, struct nw_cdn_range *ret_range)
{
	const struct nwi_cdn_entry *entry = &cdn->entries[number - 1];
	const struct nwi_cdn_list *list = &cdn->lists[entry->list];

	assert(number > 0 && number <= cdn->entry_count);
	*ret_range = (struct nw_cdn_range){
		.provider = cdn->providers[list->provider].name,
		.source = list->source,
		.date = list->date,
		.kind = list->kind,
		.bits = entry->bits,
	};
	nwi_cdn_entry_address(entry, &ret_range->address);
}

uint32_t nw_cdn_asn(const struct nw_cdn *cdn, const struct nw_cdn_address *address)
{
	return cdn->asn_file ? nwi_cdn_asn_find(cdn->asn_file, address) : 0;
}
