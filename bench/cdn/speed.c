/* SPDX-License-Identifier: MIT */
/*
 * Look-ups a second, ours beside rivals that hold the same prefixes, in turns; how long tables take
 * to make; classifications.
 *
 * Addresses: `random` are drawn from all, nearly all of them in no list; `listed` from within the
 * prefixes, each as likely as the others, where the table has most to search.
 */
#include "cdn/cdn_bench.h"
#include "nw_bench.h"

enum { ADDRESSES = 1 << 16, SLOW_ADDRESSES = 1 << 12, BURST = 256, SYNTHETIC = 10000 };

struct set {
	const char *name;
	struct nw_cdn_address *at;
	uint32_t *numbers4; /* of IPv4 sets */
};

static uint64_t next(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void fill_random(unsigned char *bytes, uint64_t *seed)
{
	uint64_t words[2] = { next(seed), next(seed) };

	memcpy(bytes, words, sizeof(words));
}

/* An address of a listed prefix: its bits, then random ones. */
static void draw_listed(const struct nw_cdn *cdn, int family, uint64_t *seed,
			struct nw_cdn_address *ret_address)
{
	struct nw_cdn_range range;
	unsigned char random[16];

	do {
		nw_cdn_range(cdn, 1 + (uint32_t)(next(seed) % nw_cdn_range_count(cdn)), &range);
	} while (range.address.family != family);
	fill_random(random, seed);
	*ret_address = range.address;
	for (unsigned i = 0; i < (family == 4 ? 4u : 16u); i++) {
		unsigned kept = range.bits > 8 * i ? range.bits - 8 * i : 0;

		if (kept < 8)
			ret_address->bytes[i] |= (unsigned char)(random[i] & (0xff >> kept));
	}
}

static struct set make_set(const struct nw_cdn *cdn, const char *name, int family, bool is_listed)
{
	struct set set = { .name = name,
			   .at = calloc(ADDRESSES, sizeof(*set.at)),
			   .numbers4 = calloc(ADDRESSES, sizeof(*set.numbers4)) };
	uint64_t seed = 1;

	if (!set.at || !set.numbers4)
		exit(1);
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		if (is_listed) {
			draw_listed(cdn, family, &seed, &set.at[i]);
		} else {
			fill_random(set.at[i].bytes, &seed);
			if (family == 4)
				memset(set.at[i].bytes + 4, 0, 12);
		}
		set.at[i].family = (uint8_t)family;
		memcpy(&set.numbers4[i], set.at[i].bytes, 4);
		set.numbers4[i] = __builtin_bswap32(set.numbers4[i]);
	}
	return set;
}

static double per_second(uint64_t count, uint64_t begin_ns)
{
	return (double)count * 1e9 / (double)(nw_bench_now_ns() - begin_ns);
}

static double run_ours(const struct nw_cdn *cdn, const struct set *set)
{
	uint64_t begin = nw_bench_now_ns(), rounds = 16 * nw_bench_scale();
	uint32_t found[BURST];

	for (uint64_t r = 0; r < rounds; r++) {
		for (uint32_t i = 0; i < ADDRESSES; i += BURST) {
			nw_cdn_find_burst(cdn, set->at + i, BURST, found);
			nw_bench_keep(found);
		}
	}
	return per_second(rounds * ADDRESSES, begin);
}

static double run_ours4(const struct nw_cdn *cdn, const struct set *set)
{
	uint64_t begin = nw_bench_now_ns(), rounds = 16 * nw_bench_scale();
	uint32_t sum = 0;

	for (uint64_t r = 0; r < rounds; r++) {
		for (uint32_t i = 0; i < ADDRESSES; i++)
			sum += nw_cdn_find4(cdn, set->numbers4[i]);
	}
	nw_bench_keep(&sum);
	return per_second(rounds * ADDRESSES, begin);
}

static double run_rival(const struct rival_hash *hash, const struct set *set,
			uint32_t (*find)(const struct rival_hash *, const struct nw_cdn_address *))
{
	uint64_t begin = nw_bench_now_ns();
	uint32_t sum = 0;

	for (uint32_t i = 0; i < SLOW_ADDRESSES; i++)
		sum += find(hash, &set->at[i]);
	nw_bench_keep(&sum);
	return per_second(SLOW_ADDRESSES, begin);
}

/* The scan says what is right; ours has to say the same. */
static bool agrees(const struct nw_cdn *cdn, const struct rival_hash *hash, const struct set *set)
{
	for (uint32_t i = 0; i < SLOW_ADDRESSES; i++) {
		if (nw_cdn_find(cdn, &set->at[i]) != rival_scan_find(hash, &set->at[i])) {
			printf("# %s: address %u differs from the scan\n", set->name, i);
			return false;
		}
	}
	return true;
}

/* p10 and p90 of the ratio's row are of its rounds, too. */
static void row(const char *set, const char *who, const char *unit, const double *values,
		uint32_t n)
{
	double copy[NW_BENCH_REPEAT_MAX] = { 0 };
	char name[80];

	memcpy(copy, values, n * sizeof(*values));
	(void)snprintf(name, sizeof(name), "find/%s/%s", set, who);
	(void)nw_bench_row(name, unit, copy, n);
}

static bool measure_set(const struct nw_cdn *cdn, const struct rival_hash *hash,
			const struct set *set)
{
	double ours[NW_BENCH_REPEAT_MAX] = { 0 }, number[NW_BENCH_REPEAT_MAX] = { 0 };
	double hashed[NW_BENCH_REPEAT_MAX] = { 0 }, scanned[NW_BENCH_REPEAT_MAX] = { 0 };
	uint32_t n = nw_bench_repeat();
	bool is_ipv4 = set->at[0].family == 4;

	if (!agrees(cdn, hash, set))
		return false;
	(void)run_ours(cdn, set);
	for (uint32_t i = 0; i < n; i++) {
		ours[i] = run_ours(cdn, set);
		if (is_ipv4)
			number[i] = run_ours4(cdn, set);
		hashed[i] = run_rival(hash, set, rival_hash_find);
		scanned[i] = run_rival(hash, set, rival_scan_find);
	}
	row(set->name, "table", "/s", ours, n);
	if (is_ipv4)
		row(set->name, "table-by-number", "/s", number, n);
	row(set->name, "hash-of-24-and-48", "/s", hashed, n);
	row(set->name, "scan", "/s", scanned, n);
	printf("# find/%s: %.1f times the hash, %.0f times the scan\n", set->name,
	       nw_bench_ratio(hashed, ours, n), nw_bench_ratio(scanned, ours, n));
	return true;
}

/* --- Making tables --- */

/* 7,000 prefixes of IPv4 and 3,000 of IPv6, of all lengths that lists have. */
static char *synthetic_text(size_t *ret_bytes)
{
	size_t room = 200 + SYNTHETIC * 60u, used;
	char *text = malloc(room);
	uint64_t seed = 7;

	if (!text)
		exit(1);
	used = (size_t)snprintf(text, room,
				"provider: made\ntitle: Made\nkind: cdn\nlists:\n"
				"  - {source: s, date: 2025-01-01, weight: 5, prefixes: \"");
	for (uint32_t i = 0; i < SYNTHETIC; i++) {
		struct nw_cdn_address address = { .family = i % 10 < 7 ? 4 : 6 };
		char one[NW_CDN_ADDRESS_TEXT_BYTES];
		unsigned bits = address.family == 4 ? 12 + (unsigned)(next(&seed) % 19)
						    : 28 + (unsigned)(next(&seed) % 37);

		fill_random(address.bytes, &seed);
		if (address.family == 6)
			memcpy(address.bytes, (unsigned char[]){ 0x26, (unsigned char)(i % 16) },
			       2);
		used += (size_t)snprintf(text + used, room - used, "%s/%u ",
					 nw_cdn_address_text(&address, one), bits);
	}
	used += (size_t)snprintf(text + used, room - used, "\"}\n");
	*ret_bytes = used;
	return text;
}

static bool measure_making(void)
{
	struct nw_cdn_file file = { .name = "made" };
	char *text = synthetic_text(&file.n_bytes);
	double ms[NW_BENCH_REPEAT_MAX] = { 0 }, mib = 0;
	uint32_t n = nw_bench_repeat(), prefixes = 0;

	file.text = text;
	for (uint32_t i = 0; i < n; i++) {
		struct nw_cdn *cdn;
		struct nw_diag diag;
		uint64_t n_bytes, ns;

		if (nw_cdn_load(&cdn, &file, 1, NULL, &diag) != 0) {
			printf("# %s\n", diag.text);
			return false;
		}
		nw_cdn_table_cost(cdn, &n_bytes, &ns);
		prefixes = nw_cdn_range_count(cdn);
		ms[i] = (double)ns / 1e6;
		mib = (double)n_bytes / (1 << 20);
		nw_cdn_close(cdn);
	}
	free(text);
	(void)nw_bench_row("make/10000-prefixes", "ms", ms, n);
	(void)nw_bench_row("make/10000-prefixes-size", "MiB", &mib, 1);
	printf("# make: %u of the 10000 differ\n", prefixes);
	return true;
}

static void measure_hash(const struct nw_cdn *cdn, const struct rival_hash *hash)
{
	double ms[3] = { 0 }, mib = (double)rival_hash_bytes(hash) / (1 << 20), ours_mib, ours_ms;
	uint64_t n_bytes, ns;

	for (int i = 0; i < 3; i++) {
		uint64_t begin = nw_bench_now_ns();

		rival_hash_free(rival_hash_make(cdn));
		ms[i] = (double)(nw_bench_now_ns() - begin) / 1e6;
	}
	nw_cdn_table_cost(cdn, &n_bytes, &ns);
	ours_mib = (double)n_bytes / (1 << 20);
	ours_ms = (double)ns / 1e6;
	(void)nw_bench_row("make/table", "ms", &ours_ms, 1);
	(void)nw_bench_row("make/table-size", "MiB", &ours_mib, 1);
	(void)nw_bench_row("make/hash-of-24-and-48", "ms", ms, 3);
	(void)nw_bench_row("make/hash-of-24-and-48-size", "MiB", &mib, 1);
}

/* --- Classifying --- */

struct classifying {
	const struct nw_cdn *cdn;
	const struct set *set;
};

static double classify(uint64_t op_count, void *arg)
{
	const struct classifying *c = arg;
	struct nw_cdn_answer answer;
	uint64_t begin = nw_bench_now_ns();

	for (uint64_t i = 0; i < op_count; i++) {
		/* A known AS, so that both kinds of evidence are weighed with or without a table.
		 */
		const struct nw_cdn_seen seen = { .address = c->set->at[i % ADDRESSES],
						  .asn = i % 2 == 0 ? 13335 : 16509 };

		nw_cdn_classify(c->cdn, &seen, &answer);
		nw_bench_keep(&answer);
	}
	return (double)(nw_bench_now_ns() - begin);
}

bool measure_speed(const struct nw_cdn *cdn)
{
	struct rival_hash *hash = rival_hash_make(cdn);
	struct set sets[] = { make_set(cdn, "random4", 4, false), make_set(cdn, "listed4", 4, true),
			      make_set(cdn, "random6", 6, false),
			      make_set(cdn, "listed6", 6, true) };
	bool is_right = hash && measure_making();

	printf("# %u prefixes\n", nw_cdn_range_count(cdn));
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets) && is_right; i++)
		is_right = measure_set(cdn, hash, &sets[i]);
	if (is_right) {
		measure_hash(cdn, hash);
		(void)nw_bench_run("classify/range-and-asn/random4", 100000, classify,
				   &(struct classifying){ cdn, &sets[0] });
		(void)nw_bench_run("classify/range-and-asn/listed4", 100000, classify,
				   &(struct classifying){ cdn, &sets[1] });
	}
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		free(sets[i].at);
		free(sets[i].numbers4);
	}
	rival_hash_free(hash);
	return is_right;
}
