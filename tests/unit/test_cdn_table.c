/* SPDX-License-Identifier: MIT */
/* Tables of addresses against a walk through all prefixes, at random places and at every edge. */
#include "nw_test.h"

#include "base/prng.h"
#include "cdn/table.h"

#include <nw/cdn.h>

enum { PREFIXES = 3000, FEW = 200, BURST = 50 };
#ifdef NW_SMALL /* ThreadSanitizer's build: the walks take minutes there */
enum { ADDRESSES = 50000 };
#else
enum { ADDRESSES = 1000000 };
#endif

struct set {
	struct nwi_cdn_prefix at[PREFIXES];
	uint32_t count;
	struct nw_arena *arena;
	struct nwi_cdn_table table;
	bool is_ipv6;
};

static void mask(uint8_t bits, uint64_t *high, uint64_t *low)
{
	*high = bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
	*low = bits <= 64 ? 0 : bits >= 128 ? UINT64_MAX : ~(UINT64_MAX >> (bits - 64));
}

static int compare(const void *a, const void *b)
{
	const struct nwi_cdn_prefix *x = a, *y = b;

	if (x->high != y->high)
		return x->high < y->high ? -1 : 1;
	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return x->bits - y->bits;
}

/* The longest prefix by looking at every one. */
static uint32_t slow(const struct set *set, uint64_t high, uint64_t low)
{
	uint32_t value = 0;
	int best = -1;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct nwi_cdn_prefix *p = &set->at[i];
		uint64_t mask_high, mask_low;

		mask(p->bits, &mask_high, &mask_low);
		if (p->bits > best && (high & mask_high) == p->high && (low & mask_low) == p->low) {
			best = p->bits;
			value = p->value;
		}
	}
	return value;
}

static uint32_t fast(const struct set *set, uint64_t high, uint64_t low)
{
	return set->is_ipv6 ? nwi_cdn_table_find6(&set->table, high, low)
			    : nwi_cdn_table_find4(&set->table, (uint32_t)(high >> 32));
}

static void check_at(const struct set *set, uint64_t high, uint64_t low)
{
	if (!set->is_ipv6) {
		high &= ~UINT64_C(0xffffffff);
		low = 0;
	}
	if (fast(set, high, low) != slow(set, high, low))
		FAIL("%016" PRIx64 "%016" PRIx64 ": %u, not %u", high, low, fast(set, high, low),
		     slow(set, high, low));
}

static void add(struct set *set, uint64_t high, uint64_t low, uint8_t bits)
{
	uint64_t mask_high, mask_low;

	mask(bits, &mask_high, &mask_low);
	set->at[set->count++] = (struct nwi_cdn_prefix){ .high = high & mask_high,
							 .low = low & mask_low,
							 .bits = bits };
}

/* Sorts, leaves out repeats, numbers, builds. */
static void build(struct set *set)
{
	struct nwi_cdn_edges edges;
	uint32_t kept = 0;

	qsort(set->at, set->count, sizeof(*set->at), compare);
	for (uint32_t i = 0; i < set->count; i++) {
		if (kept == 0 || compare(&set->at[kept - 1], &set->at[i]) != 0)
			set->at[kept++] = set->at[i];
	}
	set->count = kept;
	for (uint32_t i = 0; i < kept; i++)
		set->at[i].value = i + 1;
	CHECK(nw_arena_create(&set->arena, NW_NODE_ANY, UINT64_C(1) << 30, 0) == 0);
	CHECK(nwi_cdn_edges_of_prefixes(set->arena, set->at, set->count, &edges));
	CHECK(set->is_ipv6 ? nwi_cdn_table_build6(set->arena, set->arena, &edges, &set->table)
			   : nwi_cdn_table_build4(set->arena, &edges, &set->table));
}

/* First and last address of each prefix, and their neighbours outside. */
static void check_edges(const struct set *set)
{
	uint64_t step = set->is_ipv6 ? 1 : UINT64_C(1) << 32;

	for (uint32_t i = 0; i < set->count; i++) {
		const struct nwi_cdn_prefix *p = &set->at[i];
		uint64_t mask_high, mask_low, last_high, last_low;

		mask(p->bits, &mask_high, &mask_low);
		last_high = p->high | ~mask_high;
		last_low = p->low | ~mask_low;
		check_at(set, p->high, p->low);
		check_at(set, last_high, last_low);
		if (set->is_ipv6) {
			check_at(set, p->high - (p->low == 0), p->low - 1);
			check_at(set, last_high + (last_low == UINT64_MAX), last_low + 1);
		} else {
			check_at(set, p->high - step, 0);
			check_at(set, (last_high & ~UINT64_C(0xffffffff)) + step, 0);
		}
	}
}

/* Prefixes that nest and touch: many share their upper bits. */
static struct set *make_set(bool is_ipv6, uint64_t seed, uint32_t count)
{
	struct set *set = calloc(1, sizeof(*set));
	struct nwi_prng prng;

	nwi_prng_init(&prng, seed);
	set->is_ipv6 = is_ipv6;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t high = nwi_prng_next(&prng), low = nwi_prng_next(&prng);
		uint8_t bits = (uint8_t)(nwi_prng_next(&prng) % (is_ipv6 ? 129 : 33));

		if (i % 4 != 0) {
			high = (high & ~(UINT64_MAX << 52)) | (high >> 62) << 62 |
			       UINT64_C(0x26) << 54;
			low = i % 3 == 0 ? low : low & 0xff;
		}
		if (is_ipv6 && i % 5 == 0 && i > 0)
			high = set->at[nwi_prng_next(&prng) % set->count].high;
		add(set, high, low, bits);
	}
	build(set);
	return set;
}

static void check_random(const struct set *set, uint64_t seed, uint32_t count)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, seed);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t high = nwi_prng_next(&prng), low = nwi_prng_next(&prng);

		/* Half of them close to a prefix, where it is hard. */
		if (i % 2 == 0) {
			const struct nwi_cdn_prefix *p = &set->at[high % set->count];

			high = p->high + (high >> 60) - 8;
			low = p->low + (low >> (low % 64));
		}
		check_at(set, high, low);
	}
}

TEST(every_edge_of_ipv4_is_as_a_walk_through_all_prefixes_finds_it)
{
	for (uint64_t seed = 0; seed < 3; seed++) {
		struct set *set = make_set(false, nw_test_seed() + seed, PREFIXES);

		check_edges(set);
		nw_arena_destroy(set->arena);
		free(set);
	}
}

TEST(every_edge_of_ipv6_is_as_a_walk_through_all_prefixes_finds_it)
{
	for (uint64_t seed = 0; seed < 3; seed++) {
		struct set *set = make_set(true, nw_test_seed() + seed, PREFIXES);

		check_edges(set);
		nw_arena_destroy(set->arena);
		free(set);
	}
}

TEST(a_million_random_addresses_of_each_family_are_as_a_walk_finds_them)
{
	for (int family = 0; family < 2; family++) {
		struct set *set = make_set(family == 1, nw_test_seed(), FEW);

		check_random(set, nw_test_seed() + 9, ADDRESSES);
		nw_arena_destroy(set->arena);
		free(set);
	}
}

TEST(no_prefix_and_the_whole_of_a_family)
{
	for (int family = 0; family < 2; family++) {
		struct set *set = calloc(1, sizeof(*set));

		set->is_ipv6 = family == 1;
		build(set);
		check_random(set, 1, 0);
		CHECK(fast(set, 0, 0) == 0 && fast(set, UINT64_MAX, UINT64_MAX) == 0);
		nw_arena_destroy(set->arena);
		add(set, 0, 0, 0);
		add(set, UINT64_MAX, UINT64_MAX, set->is_ipv6 ? 128 : 32);
		add(set, 0, 0, set->is_ipv6 ? 128 : 32);
		build(set);
		check_edges(set);
		CHECK(fast(set, UINT64_C(1) << 40, 5) == slow(set, UINT64_C(1) << 40, 5));
		nw_arena_destroy(set->arena);
		free(set);
	}
}

TEST(prefixes_and_addresses_are_read_as_people_write_them)
{
	struct nw_cdn_address address;
	char text[NW_CDN_ADDRESS_TEXT_BYTES];
	uint8_t bits;

	CHECK(nw_cdn_prefix_parse("10.1.2.3/9", &address, &bits) && bits == 9);
	CHECK_STR(nw_cdn_address_text(&address, text), "10.0.0.0");
	CHECK(nw_cdn_prefix_parse("2001:db8:ffff::/33", &address, &bits) && bits == 33);
	CHECK_STR(nw_cdn_address_text(&address, text), "2001:db8:8000::");
	CHECK(nw_cdn_prefix_parse("::/0", &address, &bits) && bits == 0 && address.family == 6);
	CHECK(nw_cdn_address_parse("::ffff:192.0.2.1", &address) && address.family == 4);
	CHECK_STR(nw_cdn_address_text(&address, text), "192.0.2.1");
	static const char *const bad[] = {
		"",       "10.0.0.0/33", "10.0.0.0/",   "10.0.0.0/-1", "10.0.0/8",
		"::/129", "x",           "10.0.0.0/8 ", "10.0.0.0/+8", "1.2.3.4/0008"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (nw_cdn_prefix_parse(bad[i], &address, &bits))
			FAIL("'%s' was taken", bad[i]);
	}
}

/* The lists that come with the project: what nw_cdn_find() says, and a walk through all of them. */
struct shipped {
	struct nw_cdn *cdn;
	struct nwi_cdn_prefix *prefixes[2];
	uint32_t counts[2];
};

static void words_of(const struct nw_cdn_address *address, uint64_t *high, uint64_t *low)
{
	uint64_t words[2];

	memcpy(words, address->bytes, sizeof(words));
	*high = __builtin_bswap64(words[0]);
	*low = __builtin_bswap64(words[1]);
}

static void open_shipped(struct shipped *shipped)
{
	const struct nw_cdn_options options = { .folder = NW_SOURCE_DIR "/data/cdn" };
	struct nw_diag diag;
	uint32_t count;

	if (nw_cdn_open(&shipped->cdn, &options, &diag) != 0)
		FAIL("%s", diag.text);
	count = nw_cdn_range_count(shipped->cdn);
	for (int side = 0; side < 2; side++)
		shipped->prefixes[side] = calloc(count, sizeof(struct nwi_cdn_prefix));
	for (uint32_t i = 1; i <= count; i++) {
		struct nw_cdn_range range;
		struct nwi_cdn_prefix *prefix;
		int side;

		nw_cdn_range(shipped->cdn, i, &range);
		side = range.address.family == 6;
		prefix = &shipped->prefixes[side][shipped->counts[side]++];
		words_of(&range.address, &prefix->high, &prefix->low);
		prefix->bits = range.bits;
		prefix->value = i;
	}
}

static uint32_t walk(const struct shipped *shipped, int side, uint64_t high, uint64_t low)
{
	uint32_t value = 0;
	int best = -1;

	for (uint32_t i = 0; i < shipped->counts[side]; i++) {
		const struct nwi_cdn_prefix *p = &shipped->prefixes[side][i];
		uint64_t mask_high = p->bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> p->bits);

		if (p->bits > best && ((high ^ p->high) & mask_high) == 0 &&
		    (p->bits <= 64 || (low ^ p->low) >> (128 - p->bits) == 0)) {
			best = p->bits;
			value = p->value;
		}
	}
	return value;
}

TEST(a_million_addresses_are_where_a_walk_through_the_lists_that_come_with_it_finds_them)
{
	struct nw_cdn_address addresses[BURST];
	uint32_t wanted[BURST], found[BURST];
	struct shipped shipped = { 0 };
	struct nwi_prng prng;

	open_shipped(&shipped);
	nwi_prng_init(&prng, nw_test_seed());
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		int side = i % 2;
		const struct nwi_cdn_prefix
			*p = &shipped.prefixes[side][nwi_prng_below(&prng, shipped.counts[side])];
		uint64_t high = nwi_prng_next(&prng), low = nwi_prng_next(&prng), words[2];
		struct nw_cdn_address address = { .family = side ? 6 : 4 };

		/* Two in three inside of a prefix, or right behind it. */
		if (i % 6 >= 2) {
			high = p->bits >= 64 ? p->high : p->high + (high >> p->bits);
			high += i % 6 == 5 ? UINT64_C(1) << (64 - (p->bits > 63 ? 63 : p->bits))
					   : 0;
		}
		if (side == 0)
			high &= ~UINT64_C(0xffffffff), low = 0;
		words[0] = __builtin_bswap64(high);
		words[1] = __builtin_bswap64(low);
		memcpy(address.bytes, words, sizeof(words));
		addresses[i % BURST] = address;
		wanted[i % BURST] = walk(&shipped, side, high, low);
		if (nw_cdn_find(shipped.cdn, &address) != wanted[i % BURST])
			FAIL("%016" PRIx64 "%016" PRIx64, high, low);
		if (i % BURST < BURST - 1)
			continue;
		nw_cdn_find_burst(shipped.cdn, addresses, BURST, found);
		CHECK(memcmp(found, wanted, sizeof(found)) == 0);
	}
	for (int side = 0; side < 2; side++)
		free(shipped.prefixes[side]);
	nw_cdn_close(shipped.cdn);
}

TEST(the_ases_that_come_with_it_are_asked_where_no_other_table_is_named)
{
	const struct nw_cdn_options options = { .folder = NW_SOURCE_DIR "/data/cdn" };
	struct nw_cdn_answer answer;
	struct nw_cdn_seen seen = { 0 };
	struct nw_cdn *cdn;
	struct nw_diag diag;

	if (nw_cdn_open(&cdn, &options, &diag) != 0)
		FAIL("%s", diag.text);
	/* In none of Cloudflare's own lists, and announced by its AS. */
	CHECK(nw_cdn_address_parse("8.6.112.0", &seen.address));
	nw_cdn_classify(cdn, &seen, &answer);
	CHECK_INT(answer.asn, ==, 13335);
	CHECK_STR(answer.provider, "cloudflare");
	nw_cdn_close(cdn);
}
