/* SPDX-License-Identifier: MIT */
/* Names of packets (nw/packet.h): what is wrong with one, and which id a topic's name has. */
#include <nw/packet.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

const char *nw_packet_fault_text(enum nw_packet_fault fault)
{
	static const char *const texts[NW_PACKET_FAULT_COUNT] = {
		[NW_PACKET_GOOD] = "nothing is wrong",
		[NW_PACKET_BAD_FORM] = "no form: its flags say neither inline, arena nor shm",
		[NW_PACKET_BAD_FLAGS] = "reserved flags are set",
		[NW_PACKET_BAD_LENGTH] = "length is above 36, or not 0 with the payload elsewhere",
		[NW_PACKET_BAD_PRIORITY] = "priority is above 3",
		[NW_PACKET_BAD_REFERENCE] =
			"the reference is empty, too long, or reserved bytes are not 0",
	};

	return (unsigned)fault < NW_PACKET_FAULT_COUNT ? texts[fault] : "no such fault";
}

uint32_t nw_topic_id(const char *name, size_t n_bytes)
{
	return (uint32_t)XXH3_64bits(name, n_bytes);
}
