/* SPDX-License-Identifier: MIT */
/* The sequence lock on one thread: sizes that are no multiple of a word, and a write under way. */
#include "nw_test.h"

#include <errno.h>
#include <nw/seqlock.h>

TEST(init_rejects_bad_sizes)
{
	uint64_t room[4];
	struct nw_seqlock *lock = (void *)room;

	CHECK_INT(nw_seqlock_bytes(0), ==, 0);
	CHECK_INT(nw_seqlock_bytes(1025), ==, 0);
	CHECK_INT(nw_seqlock_bytes(9), ==, nw_seqlock_bytes(16));
	CHECK_INT(nw_seqlock_init(&lock, room, sizeof(room), 0), ==, -EINVAL);
	CHECK_INT(nw_seqlock_init(&lock, room, sizeof(room), 1025), ==, -EINVAL);
	CHECK_INT(nw_seqlock_init(&lock, (char *)room + 4, sizeof(room) - 4, 8), ==, -EINVAL);
	CHECK_INT(nw_seqlock_init(&lock, room, nw_seqlock_bytes(9) - 1, 9), ==, -ENOSPC);
	CHECK(lock == (void *)room);
}

TEST(reads_what_was_written_and_nothing_else)
{
	static uint64_t room[200];
	unsigned char in[NW_SEQLOCK_BYTES_MAX], out[NW_SEQLOCK_BYTES_MAX + 1];

	for (size_t n = 1; n <= NW_SEQLOCK_BYTES_MAX; n = n < 20 ? n + 1 : n + 167) {
		struct nw_seqlock *lock;

		memset(room, 0xa5, sizeof(room));
		CHECK_INT(nw_seqlock_init(&lock, room, nw_seqlock_bytes(n), n), ==, 0);
		memset(out, 0x11, sizeof(out));
		CHECK(nw_seqlock_read(lock, out, 1));
		CHECK(out[0] == 0 && out[n - 1] == 0 && out[n] == 0x11);
		for (int round = 0; round < 4; round++) {
			for (size_t i = 0; i < n; i++)
				in[i] = (unsigned char)(i * 7 + (size_t)round);
			if (round % 2 == 0)
				nw_seqlock_write(lock, in);
			else
				CHECK(nw_seqlock_try_write(lock, in));
			CHECK(nw_seqlock_read(lock, out, 1));
			CHECK(memcmp(in, out, n) == 0 && out[n] == 0x11);
		}
		CHECK_INT(room[nw_seqlock_bytes(n) / 8], ==,
			  (intmax_t)UINT64_C(0xa5a5a5a5a5a5a5a5));
	}
}

/* A writer stopped inside: the second word is the sequence, odd while it writes. */
TEST(a_write_under_way_refuses_readers_and_writers)
{
	uint64_t room[4], value = 5, got = 77;
	struct nw_seqlock *lock;

	CHECK_INT(nw_seqlock_init(&lock, room, sizeof(room), 8), ==, 0);
	nw_seqlock_write(lock, &value);
	CHECK_INT(room[1], ==, 2);
	room[1]++;
	CHECK(!nw_seqlock_read(lock, &got, 10));
	CHECK_INT(got, ==, 77);
	CHECK(!nw_seqlock_try_write(lock, &value));
	room[1]++;
	CHECK(nw_seqlock_read(lock, &got, 1));
	CHECK_INT(got, ==, 5);
	CHECK(nw_seqlock_try_write(lock, &got));
}

TEST(no_passes_read_nothing)
{
	uint64_t room[4], got = 77;
	struct nw_seqlock *lock;

	CHECK_INT(nw_seqlock_init(&lock, room, sizeof(room), 8), ==, 0);
	CHECK(!nw_seqlock_read(lock, &got, 0));
	CHECK_INT(got, ==, 77);
}
