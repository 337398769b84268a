/* SPDX-License-Identifier: MIT */
/* Questions for link addresses are the standards', their answers are read within their length, and
 * the table tells who is up, who is down and who is beyond. */
#include "nw_test.h"

#include "base/prng.h"
#include "probe/neighbour.h"
#include "probe/wire.h"

#include <errno.h>

static struct nwi_address address(const char *text)
{
	struct nwi_address a;

	CHECK(nwi_address_parse(text, &a));
	return a;
}

static struct nwi_neighbour_terms terms(void)
{
	struct nwi_neighbour_terms t = { .mac = { 2, 0, 0, 0, 0, 10 } };

	t.sources[0] = address("10.0.0.1");
	t.sources[1] = address("fe80::1");
	return t;
}

static const unsigned char host_mac[6] = { 2, 0, 0, 0, 0, 11 };

/* What the host that was asked by ARP says. */
static size_t answer_arp(unsigned char *frame)
{
	unsigned char mac[6];

	memcpy(mac, frame + 6, 6);
	memcpy(frame, mac, 6);
	memcpy(frame + 6, host_mac, 6);
	frame[21] = 2;
	memcpy(frame + 32, frame + 22, 10); /* who asked is the target now */
	memcpy(frame + 22, host_mac, 6);
	memcpy(frame + 28, (unsigned char[4]){ 10, 0, 0, 7 }, 4);
	return 42;
}

/* What the host fe80::7 says; with the option of its link address or without. */
static size_t answer_discovery(unsigned char *frame, bool has_option)
{
	struct nwi_neighbour_terms t = terms();
	uint32_t length = has_option ? 32 : 24, sum;
	unsigned char *ip = frame + 14, *icmp = frame + 54;

	memset(frame, 0, 128);
	memcpy(frame, t.mac, 6);
	memcpy(frame + 6, host_mac, 6);
	nwi_put16(frame + 12, NWI_ETHER_IPV6);
	ip[0] = 0x60;
	nwi_put16(ip + 4, length);
	ip[6] = 58;
	ip[7] = 255;
	nwi_address_bytes(address("fe80::7"), ip + 8);
	nwi_address_bytes(address("fe80::1"), ip + 24);
	icmp[0] = 136;
	icmp[4] = 0x60;
	nwi_address_bytes(address("fe80::7"), icmp + 8);
	if (has_option) {
		icmp[24] = 2;
		icmp[25] = 1;
		icmp[26] = 2;
		icmp[31] = 12;
	}
	sum = nwi_sum_add(58 + length, ip + 8, 32);
	nwi_put16(icmp + 2, nwi_sum_end(nwi_sum_add(sum, icmp, length)));
	return 54 + length;
}

TEST(a_question_is_the_standard_s)
{
	static const unsigned char arp[42] =
		"\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x0a\x08\x06"
		"\x00\x01\x08\x00\x06\x04\x00\x01\x02\x00\x00\x00\x00\x0a\x0a\x00\x00\x01"
		"\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x07";
	struct nwi_neighbour_terms t = terms();
	unsigned char frame[NWI_FRAME_BYTES_MAX];

	CHECK_INT(nwi_neighbour_write(&t, address("10.0.0.7"), frame), ==, 42);
	CHECK(memcmp(frame, arp, sizeof(arp)) == 0);
	CHECK_INT(nwi_neighbour_write(&t, address("fe80::12:3456"), frame), ==, 86);
	CHECK(memcmp(frame, "\x33\x33\xff\x12\x34\x56", 6) == 0);
	CHECK(nwi_address_compare(nwi_address_of_bytes(NWI_IPV6, frame + 38),
				  address("ff02::1:ff12:3456")) == 0);
	CHECK(frame[21] == 255 && frame[54] == 135);
	CHECK_INT(nwi_sum_end(nwi_sum_add(nwi_sum_add(58 + 32, frame + 22, 32), frame + 54, 32)),
		  ==, 0);
}

TEST(an_answer_is_believed_if_it_is_for_this_machine)
{
	struct nwi_neighbour_terms t = terms();
	unsigned char frame[NWI_FRAME_BYTES_MAX], mac[6];
	struct nwi_address target;
	size_t n;

	(void)nwi_neighbour_write(&t, address("10.0.0.7"), frame);
	CHECK(!nwi_neighbour_read(&t, frame, 42, &target, mac)); /* a question */
	n = answer_arp(frame);
	CHECK(nwi_neighbour_read(&t, frame, n, &target, mac));
	CHECK(nwi_address_compare(target, address("10.0.0.7")) == 0);
	CHECK(memcmp(mac, host_mac, 6) == 0);
	frame[41] ^= 1; /* for another machine */
	CHECK(!nwi_neighbour_read(&t, frame, n, &target, mac));

	n = answer_discovery(frame, true);
	CHECK(nwi_neighbour_read(&t, frame, n, &target, mac));
	CHECK(nwi_address_compare(target, address("fe80::7")) == 0 && mac[5] == 0x0c);
	n = answer_discovery(frame, false);
	CHECK(nwi_neighbour_read(&t, frame, n, &target, mac) && mac[5] == 0x0b);
	frame[21] = 64; /* a router has passed it on */
	CHECK(!nwi_neighbour_read(&t, frame, n, &target, mac));
	n = answer_discovery(frame, true);
	frame[60] ^= 1; /* its sum is wrong */
	CHECK(!nwi_neighbour_read(&t, frame, n, &target, mac));
}

/* Cut at each length, in memory that ends there, and changed anywhere. */
TEST(cut_and_changed_answers_are_read_within_their_length)
{
	struct nwi_neighbour_terms t = terms();
	unsigned char frame[NWI_FRAME_BYTES_MAX], mac[6];
	struct nwi_address target;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < 20000 * nw_test_scale(); round++) {
		uint32_t n, cut;
		unsigned char *copy;

		(void)nwi_neighbour_write(&t, address("10.0.0.7"), frame);
		n = (uint32_t)(round % 2 ? answer_arp(frame)
					 : answer_discovery(frame, round % 4 == 0));
		for (uint32_t i = nwi_prng_below(&prng, 4); i > 0; i--)
			frame[nwi_prng_below(&prng, n)] = (unsigned char)nwi_prng_below(&prng, 256);
		cut = nwi_prng_below(&prng, n + 1);
		copy = malloc(cut ? cut : 1);
		memcpy(copy, frame, cut);
		if (cut < n && round % 2)
			CHECK(!nwi_neighbour_read(&t, copy, cut, &target, mac));
		else
			(void)nwi_neighbour_read(&t, copy, cut, &target, mac);
		free(copy);
	}
}

static struct nw_probe_targets *set_of(const char *text)
{
	struct nw_probe_targets *targets;

	CHECK(nw_probe_targets_create(&targets) == 0);
	CHECK(nw_probe_targets_add(targets, text, NULL) == 0);
	return targets;
}

TEST(the_table_tells_who_is_up_down_and_beyond)
{
	struct nw_probe_targets *on_link = set_of("10.0.0.0/24");
	struct nw_probe_neighbours *table;
	struct nw_probe_address seven = { 4, { 10, 0, 0, 7 } }, other = { 4, { 10, 0, 1, 7 } };
	const unsigned char *mac;

	CHECK_INT(nw_probe_neighbours_create(&table, on_link), ==, -EINVAL);
	CHECK(nw_probe_targets_close(on_link) == 0);
	CHECK(nw_probe_neighbours_create(&table, on_link) == 0);
	CHECK(nw_probe_neighbours_put(table, &seven, host_mac));
	CHECK(nw_probe_neighbours_put(table, &seven, host_mac)); /* once more is no second one */
	CHECK(!nw_probe_neighbours_put(table, &other, host_mac));
	CHECK_INT(nw_probe_neighbours_count(table), ==, 1);
	CHECK_INT(nwi_neighbour_find(table, address("10.0.0.7"), &mac), ==, NWI_NEIGHBOUR_UP);
	CHECK(memcmp(mac, host_mac, 6) == 0);
	CHECK_INT(nwi_neighbour_find(table, address("10.0.0.8"), &mac), ==, NWI_NEIGHBOUR_DOWN);
	CHECK_INT(nwi_neighbour_find(table, address("10.0.1.8"), &mac), ==, NWI_NEIGHBOUR_BEYOND);
	nw_probe_neighbours_destroy(table);
	nw_probe_neighbours_destroy(NULL);
	nw_probe_targets_destroy(on_link);
	on_link = set_of("10.0.0.0/11");
	CHECK(nw_probe_targets_close(on_link) == 0);
	CHECK_INT(nw_probe_neighbours_create(&table, on_link), ==, -E2BIG);
}

TEST(a_set_takes_what_of_another_lies_within)
{
	struct nw_probe_targets *all = set_of("10.0.0.250-10.0.2.5"), *some;

	CHECK(nw_probe_targets_add(all, "10.0.1.0/24", NULL) == 0);
	CHECK(nw_probe_targets_add(all, "fd00::/120", NULL) == 0);
	CHECK(nw_probe_targets_create(&some) == 0);
	CHECK_INT(nw_probe_targets_add_within(some, all, "10.0.1.0/24", NULL), ==, -EBUSY);
	CHECK(nw_probe_targets_close(all) == 0);
	CHECK(nw_probe_targets_add_within(some, all, "10.0.2.0/24", NULL) == 0);
	CHECK(nw_probe_targets_add_within(some, all, "10.0.0.0/24", NULL) == 0);
	CHECK(nw_probe_targets_add_within(some, all, "10.9.0.0/24", NULL) == 0);
	CHECK(nw_probe_targets_add_within(some, all, "::/0", NULL) == 0);
	CHECK_INT(nw_probe_targets_add_within(some, all, "10.0.0.0/33", NULL), ==, -EINVAL);
	CHECK(nw_probe_targets_close(some) == 0);
	CHECK_INT(nw_probe_targets_count(some), ==, 6 + 6 + 256);
}
