/* SPDX-License-Identifier: MIT */
/* The relay's small words: addresses, and times in classes. */
#include "nw_test.h"

#include "relay/address.h"
#include "relay/histogram.h"

#include "base/prng.h"

#include <arpa/inet.h>
#include <unistd.h>

TEST(addresses_are_numbers_and_print_as_they_were_given)
{
	static const struct {
		const char *text, *shown;
		bool is_loopback;
	} good[] = { { "127.0.0.1:7770", "127.0.0.1:7770", true },
		     { "7770", "127.0.0.1:7770", true },
		     { "127.9.9.9:1", "127.9.9.9:1", true },
		     { "0.0.0.0:0", "0.0.0.0:0", false },
		     { "192.0.2.1:65535", "192.0.2.1:65535", false },
		     { "[::1]:80", "[::1]:80", true },
		     { "[::]:80", "[::]:80", false },
		     { "[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", false },
		     { "[2001:db8::1]:80", "[2001:db8::1]:80", false } };
	static const char *const bad[] = { "",
					   ":",
					   "1.2.3.4",
					   "1.2.3:4",
					   "a:1",
					   "::1:80",
					   "[::1]",
					   "[::1]80",
					   "[]:1",
					   "127.0.0.1:",
					   "127.0.0.1:65536",
					   "127.0.0.1:-1",
					   "localhost:1",
					   "[127.0.0.1]:1",
					   "65536" };
	struct relay_address address;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!relay_address_parse(good[i].text, &address))
			FAIL("'%s' was refused", good[i].text);
		CHECK_STR(address.text, good[i].shown);
		CHECK_INT(relay_address_is_loopback(&address), ==, good[i].is_loopback);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (relay_address_parse(bad[i], &address))
			FAIL("'%s' was taken", bad[i]);
}

TEST(paths_have_room_in_the_kernels_structure)
{
	char path[RELAY_UNIX_BYTES + 1] = "";
	struct relay_address address;

	CHECK(!relay_address_path("", &address));
	memset(path, 'p', RELAY_UNIX_BYTES - 1);
	CHECK(relay_address_path(path, &address));
	CHECK_STR(address.text, path);
	CHECK(relay_address_is_loopback(&address));
	path[RELAY_UNIX_BYTES - 1] = 'p';
	CHECK(!relay_address_path(path, &address));
}

TEST(the_port_that_the_system_gave_is_shown)
{
	struct relay_address address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(relay_address_parse("127.0.0.1:0", &address));
	CHECK(fd >= 0 && bind(fd, &address.name.any, address.name_bytes) == 0);
	relay_address_of(fd, &address);
	CHECK(ntohs(address.name.v4.sin_port) != 0);
	CHECK(strncmp(address.text, "127.0.0.1:", 10) == 0 &&
	      strcmp(address.text, "127.0.0.1:0") != 0);
	(void)close(fd);
}

/* The percentile of numbers in order. */
static uint64_t exact(const uint64_t *sorted, uint32_t count, uint32_t per_million)
{
	uint64_t rank = ((uint64_t)count * per_million + 999999) / 1000000;

	return sorted[rank > 0 ? rank - 1 : 0];
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

TEST(percentiles_are_never_below_and_a_class_above_at_most)
{
	static const uint32_t points[] = { 1, 1000, 500000, 990000, 999000, 1000000 };
	enum { COUNT = 20000 };
	struct relay_histogram *histogram = calloc(1, sizeof(*histogram));
	uint64_t *values = calloc(COUNT, sizeof(*values));
	struct nwi_prng prng;

	CHECK(histogram && values);
	nwi_prng_init(&prng, nw_test_seed());
	for (int i = 0; i < COUNT; i++) {
		/* Of all sizes alike. */
		values[i] = nwi_prng_next(&prng) >> nwi_prng_below(&prng, 64);
		relay_histogram_add(histogram, values[i], 1);
	}
	qsort(values, COUNT, sizeof(*values), compare);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		uint64_t wanted = exact(values, COUNT, points[i]);
		uint64_t got = relay_histogram_at(histogram, points[i]);

		CHECK(got >= wanted);
		CHECK(got - wanted <= wanted / 64);
	}
	CHECK(histogram->max == values[COUNT - 1]);
	CHECK(relay_histogram_at(histogram, 1000000) == histogram->max);
	free(values);
	free(histogram);
}

TEST(nothing_has_no_percentile_and_the_extremes_have_a_class)
{
	struct relay_histogram *histogram = calloc(1, sizeof(*histogram));

	CHECK(histogram);
	CHECK_INT(relay_histogram_at(histogram, 500000), ==, 0);
	relay_histogram_add(histogram, 0, 1);
	relay_histogram_add(histogram, UINT64_MAX, 3);
	CHECK_INT(relay_histogram_at(histogram, 250000), ==, 0);
	CHECK(relay_histogram_at(histogram, 250001) == UINT64_MAX);
	free(histogram);
}
