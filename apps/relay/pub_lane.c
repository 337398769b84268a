/* SPDX-License-Identifier: MIT */
/*
 * `nodewise relay pub --lane`: packets into shared memory.
 * Invariant: what is called accepted was accepted by its shard, not only put into a lane.
 */
#include "relay/pub.h"

#include "common/app.h"
#include "relay/drops.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { PAUSE_NS = 100000000, LOOK_NS = 200000, SETTLE_NS = 20000000, CHUNK = 256 };
#define AWAIT_NS (UINT64_C(30) * 1000000000u)

static void fill_all(const struct relay_pub *pub, struct nw_packet *packets, uint32_t count)
{
	uint64_t now_ns = relay_pub_clock_ns();

	for (uint32_t i = 0; i < count; i++)
		relay_pub_fill(pub, (unsigned char *)&packets[i], pub->sent + i, now_ns);
}

/* Nobody takes anything out of the lanes any more. */
static bool is_relay_gone(const struct relay_pub *pub)
{
	struct pollfd about = { .fd = nw_relay_client_stream_fd(pub->lane), .events = POLLIN };

	return poll(&about, 1, 0) > 0 && (about.revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

/* With --wait until there is room; else what is refused is refused. */
static void take_refusal(struct relay_pub *pub, const struct nw_relay_receipt *receipt,
			 uint32_t left)
{
	if (receipt->reason == NW_RELAY_CLOSED || is_relay_gone(pub)) {
		pub->is_over = true;
		return;
	}
	if (pub->options.is_waiting && receipt->retry_after_ns > 0) {
		if (receipt->reason == NW_RELAY_FULL)
			(void)nw_relay_client_wait_room(pub->lane, receipt->shard, PAUSE_NS);
		else
			relay_pub_nap(receipt->retry_after_ns);
		return;
	}
	pub->sent += left;
	pub->refused += left;
	pub->refused_by[receipt->reason] += left;
	pub->last.reason = (uint16_t)receipt->reason;
}

static void send_all(struct relay_pub *pub)
{
	struct nw_packet packets[CHUNK];

	while (!relay_pub_is_done(pub)) {
		struct nw_relay_receipt receipt = { 0 };
		uint64_t wait_ns;
		uint32_t count = relay_pub_due(pub, &wait_ns), accepted;

		if (count == 0) {
			relay_pub_nap(wait_ns < PAUSE_NS ? wait_ns : PAUSE_NS);
			continue;
		}
		count = count < CHUNK ? count : CHUNK;
		fill_all(pub, packets, count);
		accepted = (uint32_t)nw_relay_client_submit(pub->lane, packets, count, &receipt);
		pub->sent += accepted;
		if (accepted < count)
			take_refusal(pub, &receipt, count - accepted);
	}
}

int relay_pub_lane(struct relay_pub *pub)
{
	uint64_t until_ns;
	struct nw_relay_client_counts counts;

	send_all(pub);
	until_ns = relay_pub_clock_ns() + AWAIT_NS;
	nw_relay_client_counts(pub->lane, &counts);
	while (counts.unread > 0 && !is_relay_gone(pub) && relay_pub_clock_ns() < until_ns) {
		relay_pub_nap(LOOK_NS);
		nw_relay_client_counts(pub->lane, &counts);
	}
	/* What the rules made of them is known a moment later. */
	relay_pub_nap(SETTLE_NS);
	nw_relay_client_counts(pub->lane, &counts);
	pub->drops = relay_drops_of(counts.dropped);
	pub->are_drops_known = true;
	pub->accepted = counts.taken;
	for (unsigned i = 0; i < NW_RELAY_REFUSAL_COUNT; i++) {
		pub->refused += counts.turned_down[i];
		pub->refused_by[i] += counts.turned_down[i];
		if (counts.turned_down[i] > 0)
			pub->last.reason = (uint16_t)i;
	}
	return counts.unread > 0 ? -EPIPE : 0;
}
