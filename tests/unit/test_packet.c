/* SPDX-License-Identifier: MIT */
/* Packets: each fault is found, the reference survives the way through one, topics have their ids.
 */
#include "nw_test.h"

#include <nw/packet.h>

static struct nw_packet good(void)
{
	return (struct nw_packet){ .topic = 7, .flags = NW_PACKET_INLINE, .length = 36 };
}

static struct nw_packet referring(enum nw_packet_form form, struct nw_packet_ref ref)
{
	struct nw_packet packet = { .flags = (uint16_t)form, .length = 9 };

	memset(packet.payload, 0xff, sizeof packet.payload);
	nw_packet_set_ref(&packet, &ref);
	return packet;
}

TEST(an_inline_packet_with_0_to_36_bytes_is_good)
{
	struct nw_packet packet = good();

	for (unsigned length = 0; length < 256; length++) {
		packet.length = (uint8_t)length;
		CHECK_INT(nw_packet_check(&packet), ==,
			  length <= 36 ? NW_PACKET_GOOD : NW_PACKET_BAD_LENGTH);
	}
}

TEST(flags_are_a_form_and_two_bits)
{
	struct nw_packet packet = good();

	packet.length = 0;
	packet.payload[24] = 1; /* as a reference: one byte at offset 0 */
	for (unsigned flags = 0; flags < 65536; flags++) {
		packet.flags = (uint16_t)flags;
		CHECK_INT(nw_packet_check(&packet), ==,
			  (flags & 3) == 0 ? NW_PACKET_BAD_FORM
			  : flags > 15     ? NW_PACKET_BAD_FLAGS
					   : NW_PACKET_GOOD);
	}
}

TEST(a_zeroed_packet_is_bad)
{
	struct nw_packet packet = { 0 };

	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_BAD_FORM);
}

TEST(priorities_are_0_to_3)
{
	struct nw_packet packet = good();

	for (unsigned priority = 0; priority < 256; priority++) {
		packet.priority = (uint8_t)priority;
		CHECK_INT(nw_packet_check(&packet), ==,
			  priority < 4 ? NW_PACKET_GOOD : NW_PACKET_BAD_PRIORITY);
	}
}

TEST(a_reference_comes_out_as_it_was_put_in)
{
	struct nw_packet_ref ref = { .offset = 1, .checksum = 2, .region = 3, .bytes = 4 }, out;
	struct nw_packet packet = referring(NW_PACKET_ARENA, ref);

	out = nw_packet_ref(&packet);
	CHECK(memcmp(&out, &ref, sizeof ref) == 0);
	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_GOOD);
	packet.flags = NW_PACKET_SHM;
	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_GOOD);
}

TEST(a_reference_that_cannot_be_followed_is_bad)
{
	struct nw_packet_ref ref = { .offset = 8, .bytes = 0 };
	struct nw_packet packet = referring(NW_PACKET_SHM, ref);

	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_BAD_REFERENCE);
	ref = (struct nw_packet_ref){ .offset = UINT64_MAX - 7, .bytes = 8 };
	packet = referring(NW_PACKET_SHM, ref);
	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_BAD_REFERENCE);
	ref.offset--;
	packet = referring(NW_PACKET_SHM, ref);
	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_GOOD);
	packet.length = 1;
	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_BAD_LENGTH);
	packet.length = 0;
	packet.payload[3] = 1;
	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_BAD_REFERENCE);
	ref.reserved = 1;
	packet = referring(NW_PACKET_SHM, ref);
	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_BAD_REFERENCE);
}

TEST(every_fault_has_a_text_of_its_own)
{
	for (int i = 0; i < NW_PACKET_FAULT_COUNT; i++) {
		for (int k = 0; k < i; k++)
			CHECK(strcmp(nw_packet_fault_text((enum nw_packet_fault)i),
				     nw_packet_fault_text((enum nw_packet_fault)k)) != 0);
	}
	CHECK_STR(nw_packet_fault_text(NW_PACKET_FAULT_COUNT), "no such fault");
}

/* Of no bytes as the reference implementation has it. Ids are on the wire: they never change. */
TEST(topics_have_the_low_half_of_xxh3)
{
	CHECK_INT(nw_topic_id("", 0), ==, 0x38d394c2);
	CHECK_INT(nw_topic_id("orders.eu", 9), !=, nw_topic_id("orders.us", 9));
	CHECK_INT(nw_topic_slot(4095), ==, 4095);
	CHECK_INT(nw_topic_slot(4096), ==, 0);
}
