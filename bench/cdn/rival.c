/* SPDX-License-Identifier: MIT */
/* Look-ups by expansion into fixed prefixes, and by a walk through all. */
#include "cdn/cdn_bench.h"

#include <stdlib.h>
#include <string.h>

enum { V4_BITS = 24, V6_BITS = 48, V6_MAX = 65536 };

struct prefix {
	uint64_t high, low, mask_high, mask_low;
	uint8_t family, bits;
};

struct slot {
	uint64_t key; /* 0: empty */
	uint32_t number;
};

struct rival_hash {
	struct prefix *prefixes;
	uint32_t count;
	struct slot *slots;
	uint64_t mask, used;
};

static void words_of(const struct nw_cdn_address *address, uint64_t *high, uint64_t *low)
{
	uint64_t words[2];

	memcpy(words, address->bytes, sizeof(words));
	*high = __builtin_bswap64(words[0]);
	*low = __builtin_bswap64(words[1]);
}

static uint64_t key_of(uint8_t family, uint64_t high)
{
	return family == 4 ? (high >> (64 - V4_BITS) | UINT64_C(1) << 60)
			   : (high >> 16 | UINT64_C(1) << 61);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static struct slot *slot_of(const struct rival_hash *hash, uint64_t key)
{
	uint64_t at = mix(key) & hash->mask;

	while (hash->slots[at].key != 0 && hash->slots[at].key != key)
		at = (at + 1) & hash->mask;
	return &hash->slots[at];
}

/* How many entries a prefix becomes. */
static uint64_t entries_of(const struct prefix *prefix)
{
	int bits = prefix->family == 4 ? V4_BITS : V6_BITS;
	uint64_t count = prefix->bits >= bits ? 1 : UINT64_C(1) << (bits - prefix->bits);

	return prefix->family == 6 && count > V6_MAX ? 1 : count;
}

static void expand(struct rival_hash *hash, uint32_t number)
{
	const struct prefix *prefix = &hash->prefixes[number - 1];
	uint64_t key = key_of(prefix->family, prefix->high), count = entries_of(prefix);

	for (uint64_t i = 0; i < count; i++) {
		struct slot *slot = slot_of(hash, key + i);

		hash->used += slot->key == 0;
		/* Longer prefixes come later: they take over what they cover. */
		*slot = (struct slot){ .key = key + i, .number = number };
	}
}

static void take(struct rival_hash *hash, const struct nw_cdn *cdn, uint32_t number)
{
	struct prefix *prefix = &hash->prefixes[number - 1];
	struct nw_cdn_range range;

	nw_cdn_range(cdn, number, &range);
	words_of(&range.address, &prefix->high, &prefix->low);
	prefix->family = range.address.family;
	prefix->bits = range.bits;
	prefix->mask_high = range.bits == 0    ? 0
			    : range.bits >= 64 ? UINT64_MAX
					       : ~(UINT64_MAX >> range.bits);
	prefix->mask_low = range.bits <= 64    ? 0
			   : range.bits == 128 ? UINT64_MAX
					       : ~(UINT64_MAX >> (range.bits - 64));
}

struct rival_hash *rival_hash_make(const struct nw_cdn *cdn)
{
	struct rival_hash *hash = calloc(1, sizeof(*hash));
	uint64_t entries = 0, slots = 1024;

	if (!hash)
		return NULL;
	hash->count = nw_cdn_range_count(cdn);
	hash->prefixes = calloc(hash->count + 1u, sizeof(*hash->prefixes));
	for (uint32_t i = 1; hash->prefixes && i <= hash->count; i++) {
		take(hash, cdn, i);
		entries += entries_of(&hash->prefixes[i - 1]);
	}
	while (slots < 2 * entries)
		slots *= 2;
	hash->mask = slots - 1;
	hash->slots = calloc(slots, sizeof(*hash->slots));
	if (!hash->prefixes || !hash->slots) {
		rival_hash_free(hash);
		return NULL;
	}
	for (uint32_t i = 1; i <= hash->count; i++)
		expand(hash, i);
	return hash;
}

void rival_hash_free(struct rival_hash *hash)
{
	if (!hash)
		return;
	free(hash->prefixes);
	free(hash->slots);
	free(hash);
}

uint64_t rival_hash_bytes(const struct rival_hash *hash)
{
	return (hash->mask + 1) * sizeof(*hash->slots) + hash->count * sizeof(*hash->prefixes);
}

uint32_t rival_scan_find(const struct rival_hash *hash, const struct nw_cdn_address *address)
{
	uint64_t high, low;
	uint32_t found = 0;
	int bits = -1;

	words_of(address, &high, &low);
	for (uint32_t i = 0; i < hash->count; i++) {
		const struct prefix *p = &hash->prefixes[i];

		if (p->family == address->family && p->bits > bits &&
		    ((high & p->mask_high) == p->high) && ((low & p->mask_low) == p->low)) {
			bits = p->bits;
			found = i + 1;
		}
	}
	return found;
}

uint32_t rival_hash_find(const struct rival_hash *hash, const struct nw_cdn_address *address)
{
	uint64_t high, low;
	const struct slot *slot;

	words_of(address, &high, &low);
	slot = slot_of(hash, key_of(address->family, high));
	return slot->key != 0 ? slot->number : rival_scan_find(hash, address);
}
