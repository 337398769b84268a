/* SPDX-License-Identifier: MIT */
/* The event count on one thread: what is kept for a waiter that has not slept yet, and time-outs.
 */
#include "nw_test.h"

#include "os/thread.h"

#include <nw/event.h>

enum { MS = 1000000 };

TEST(zero_bits_are_a_fresh_event)
{
	static struct nw_event fresh;
	struct nw_event event;

	memset(&event, 0xa5, sizeof(event));
	nw_event_init(&event);
	CHECK(memcmp(&event, &fresh, sizeof(event)) == 0);
}

TEST(a_notice_after_the_prepare_ends_the_wait_at_once)
{
	struct nw_event event = { 0 };

	for (int all = 0; all < 2; all++) {
		nw_event_key key = nw_event_prepare(&event);

		if (all)
			nw_event_notify_all(&event);
		else
			nw_event_notify_one(&event);
		CHECK(nw_event_wait(&event, key, 0, 0));
	}
}

TEST(a_notice_before_the_prepare_is_not_kept)
{
	struct nw_event event = { 0 };
	nw_event_key key;

	nw_event_notify_all(&event);
	key = nw_event_prepare(&event);
	CHECK(!nw_event_wait(&event, key, 0, MS));
}

TEST(one_notice_ends_every_wait_that_was_prepared)
{
	struct nw_event event = { 0 };
	nw_event_key first = nw_event_prepare(&event), second = nw_event_prepare(&event);

	nw_event_notify_one(&event);
	CHECK(nw_event_wait(&event, first, 0, 0));
	CHECK(nw_event_wait(&event, second, 0, 0));
}

/* Nobody announced: a notify changes nothing, so no key grows old by it. */
TEST(after_a_cancel_nobody_waits)
{
	struct nw_event event = { 0 }, fresh = { 0 };
	nw_event_key key = nw_event_prepare(&event);

	(void)key;
	nw_event_cancel(&event);
	nw_event_notify_one(&event);
	nw_event_notify_all(&event);
	CHECK(memcmp(&event, &fresh, sizeof(event)) == 0);
}

TEST(a_wait_is_a_waiter_no_more_however_it_ends)
{
	struct nw_event event = { 0 }, fresh = { 0 };
	nw_event_key key = nw_event_prepare(&event);

	CHECK(!nw_event_wait(&event, key, 0, 1));
	CHECK(memcmp(&event, &fresh, sizeof(event)) == 0);
	key = nw_event_prepare(&event);
	CHECK(!nw_event_wait(&event, key, MS, 2 * MS));
	CHECK(memcmp(&event, &fresh, sizeof(event)) == 0);
}

TEST(a_timeout_passes_in_its_time_spinning_included)
{
	struct nw_event event = { 0 };
	uint64_t begin_ns = nwi_clock_ns();

	/* Spinning is cut at the time-out, or this would take an hour and its limit end it. */
	CHECK(!nw_event_wait(&event, nw_event_prepare(&event), UINT64_C(3600000) * MS, 5 * MS));
	CHECK_INT(nwi_clock_ns() - begin_ns, >=, 5 * MS);
}
