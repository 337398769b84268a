/* SPDX-License-Identifier: MIT */
/* Shared pages and bells: every return code, seals, and what the other side can and cannot do. */
#include "nw_test.h"

#include "lib/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <nw/bell.h>
#include <nw/local.h>
#include <nw/shm.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

static const nw_node any = { -1 };

static struct nw_shm new_shm(unsigned flags)
{
	struct nw_shm shm;

	CHECK_INT(nw_shm_create(&shm, "nw-test", any, 5000, flags), ==, 0);
	CHECK_INT(shm.mem.n_bytes, ==, 8192);
	return shm;
}

TEST(arguments_that_are_not_allowed_are_refused)
{
	struct nw_shm shm = { .fd = -7 };
	char name[300];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	CHECK_INT(nw_shm_create(&shm, "nw-test", any, 0, 0), ==, -EINVAL);
	CHECK_INT(nw_shm_create(&shm, "nw-test", any, 1, 1u << 9), ==, -EINVAL);
	CHECK_INT(nw_shm_create(&shm, name, any, 1, 0), ==, -EINVAL);
	CHECK_INT(nw_shm_create(&shm, "nw-test", (nw_node){ -2 }, 1, 0), ==, -EINVAL);
	CHECK_INT(nw_shm_create(&shm, "nw-test", (nw_node){ 1023 }, 1, 0), ==, -ENODEV);
	CHECK_INT(nw_shm_create(&shm, "nw-test", any, SIZE_MAX, 0), ==, -ENOMEM);
	CHECK_INT(nw_shm_map(&shm, 0, 0, true), ==, -EINVAL);
	CHECK_INT(shm.fd, ==, -7);
	nw_shm_close(NULL);
}

TEST(pages_are_zero_on_their_node_and_shared)
{
	struct nw_shm shm, other;
	struct nw_mem_map map;

	CHECK_INT(nw_shm_create(&shm, "nw-test", (nw_node){ 0 }, 8192, NW_SHM_PREFAULT), ==, 0);
	CHECK(((char *)shm.mem.base)[8191] == 0);
	CHECK_INT(shm.mem.node.id, ==, 0);
	if (shm.mem.level == NW_MEM_BOUND && nw_mem_verify(shm.mem.base, 8192, &map) == 0)
		CHECK_INT(map.on_node[0], ==, 2);
	CHECK_INT(nw_shm_map(&other, dup(shm.fd), 8192, true), ==, 0);
	((char *)other.mem.base)[17] = 1;
	CHECK(((char *)shm.mem.base)[17] == 1);
	nw_shm_close(&other);
	nw_shm_close(&other);
	((char *)shm.mem.base)[17] = 2;
	nw_shm_close(&shm);
	CHECK_INT(shm.fd, ==, -1);
}

TEST(nobody_can_shrink_it)
{
	struct nw_shm shm = new_shm(0);

	CHECK_INT(ftruncate(shm.fd, 0), ==, -1);
	CHECK_INT(ftruncate(shm.fd, 1 << 20), ==, -1);
	nw_shm_close(&shm);
}

TEST(what_is_for_reading_only_cannot_be_written)
{
	struct nw_shm shm = new_shm(NW_SHM_READ_ONLY), other = { .fd = -7 };
	int fd = dup(shm.fd);

	CHECK_INT(nw_shm_map(&other, fd, 5000, true), ==, -EPERM);
	CHECK_INT(other.fd, ==, -7);
	CHECK_INT(write(fd, "x", 1), ==, -1);
	CHECK_INT(nw_shm_map(&other, fd, 5000, false), ==, 0);
	((char *)shm.mem.base)[4999] = 3; /* the maker still can */
	CHECK(((const char *)other.mem.base)[4999] == 3);
	CHECK(mprotect(other.mem.base, 4096, PROT_READ | PROT_WRITE) < 0);
	nw_shm_close(&other);
	nw_shm_close(&shm);
}

TEST(a_file_that_can_shrink_or_is_short_is_not_mapped)
{
	struct nw_shm shm = new_shm(0), other;
	int fd = memfd_create("nw-test", MFD_ALLOW_SEALING);

	CHECK_INT(ftruncate(fd, 8192), ==, 0);
	CHECK_INT(nw_shm_map(&other, fd, 8192, true), ==, -EPROTO);
	close(fd);
	CHECK_INT(nw_shm_map(&other, shm.fd, 8193, true), ==, -EPROTO);
	CHECK_INT(nw_shm_map(&other, -1, 8192, true), ==, -EPROTO);
	fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	CHECK_INT(nw_shm_map(&other, fd, 8192, true), ==, -EPROTO);
	close(fd);
	nw_shm_close(&shm);
}

TEST(failures_leave_nothing_behind)
{
	struct rlimit limit, old;
	struct nw_shm shm;
	long before = fault_mapped_bytes();
	int first = dup(0);

	close(first);
	fault_set(FAULT_MMAP, 1, 1, ENOMEM);
	CHECK_INT(nw_shm_create(&shm, "nw-test", any, 8192, 0), ==, -ENOMEM);
	fault_set(FAULT_MBIND, 1, 1, ENOMEM);
	CHECK_INT(nw_shm_create(&shm, "nw-test", (nw_node){ 0 }, 8192, 0), ==, -ENOMEM);
	fault_set(FAULT_MBIND, 1, 1, EPERM);
	CHECK_INT(nw_shm_create(&shm, "nw-test", (nw_node){ 0 }, 8192, 0), ==, 0);
	CHECK_INT(shm.mem.level, ==, NW_MEM_UNBOUND);
	CHECK_INT(shm.mem.reason, ==, -EPERM);
	nw_shm_close(&shm);
	fault_clear();
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
	limit = (struct rlimit){ 3, old.rlim_max };
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	CHECK_INT(nw_shm_create(&shm, "nw-test", any, 8192, 0), ==, -EMFILE);
	CHECK_INT(nw_bell_open(), ==, -EMFILE);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
	CHECK_INT(fault_mapped_bytes(), ==, before);
	CHECK_INT(dup(0), ==, first);
}

TEST(a_bell_that_was_rung_is_heard_once)
{
	int fd = nw_bell_open();

	CHECK(fd >= 0);
	CHECK(!nw_bell_hear(fd));
	CHECK(!nw_bell_wait(fd, 0));
	CHECK(!nw_bell_wait(fd, 1000));
	for (int i = 0; i < 3; i++)
		nw_bell_ring(fd);
	CHECK(nw_bell_wait(fd, UINT64_MAX));
	CHECK(!nw_bell_hear(fd));
	nw_bell_ring(fd);
	CHECK(nw_bell_wait(fd, 0));
	nw_bell_close(fd);
	nw_bell_close(-1);
}

static void *ring_it(void *arg)
{
	nw_bell_ring(*(int *)arg);
	return NULL;
}

TEST(a_bell_wakes_who_waits)
{
	int fd = nw_bell_open();
	pthread_t thread;

	for (int i = 0; i < 100; i++) {
		CHECK_INT(pthread_create(&thread, NULL, ring_it, &fd), ==, 0);
		CHECK(nw_bell_wait(fd, UINT64_MAX));
		CHECK_INT(pthread_join(thread, NULL), ==, 0);
	}
	nw_bell_close(fd);
}

/* ---- bells and streams to others ---- */

TEST(a_gate_is_rung_from_both_sides_and_never_waits)
{
	struct nw_bell_gate gate;

	CHECK_INT(nw_bell_gate_open(&gate), ==, 0);
	CHECK(!nw_bell_hear(gate.hear_fd));
	/* Who is away can change how its end blocks, and fill the pipe: ours do not mind. */
	CHECK_INT(fcntl(gate.away_fd, F_SETFL, 0), ==, 0);
	CHECK_INT(write(gate.away_fd, "x", 1), ==, 1);
	CHECK(nw_bell_wait(gate.hear_fd, UINT64_MAX));
	for (int i = 0; i < 100000; i++)
		nw_bell_ring(gate.ring_fd);
	CHECK(nw_bell_hear(gate.hear_fd));
	while (nw_bell_hear(gate.hear_fd))
		;
	nw_bell_ring(gate.ring_fd);
	CHECK(nw_bell_hear(gate.hear_fd));
	CHECK_INT(read(gate.away_fd, &gate, 1), ==, -1); /* it cannot take a ring away */
	nw_bell_gate_close(&gate);
	nw_bell_gate_close(&gate);
}

TEST(a_ring_away_never_waits_and_its_end_is_heard)
{
	int ring_fd, hear_fd;

	CHECK_INT(nw_bell_open_away(&ring_fd, &hear_fd), ==, 0);
	CHECK(!nw_bell_hear(hear_fd));
	CHECK_INT(fcntl(hear_fd, F_SETFL, 0), ==, 0);
	for (int i = 0; i < 100000; i++)
		nw_bell_ring_away(ring_fd);
	CHECK(nw_bell_wait(hear_fd, UINT64_MAX));
	CHECK_INT(shutdown(hear_fd, SHUT_RDWR), ==, 0);
	nw_bell_ring_away(ring_fd);
	nw_bell_close(hear_fd);
	nw_bell_ring_away(ring_fd);
	nw_bell_close(ring_fd);
	CHECK_INT(nw_bell_open_away(&ring_fd, &hear_fd), ==, 0);
	nw_bell_close(ring_fd);
	CHECK(!nw_bell_wait(hear_fd, UINT64_MAX)); /* at once: nobody will ring */
	nw_bell_close(hear_fd);
}

TEST(a_part_of_shared_pages_has_a_home_of_its_own)
{
	struct nw_shm shm = new_shm(0);
	struct nw_mem part = { .n_bytes = 7 };

	CHECK_INT(nw_shm_place(&shm, 1, 4096, any, &part), ==, -EINVAL);
	CHECK_INT(nw_shm_place(&shm, 0, 0, any, &part), ==, -EINVAL);
	CHECK_INT(nw_shm_place(&shm, 4096, 4097, any, &part), ==, -EINVAL);
	CHECK_INT(nw_shm_place(&shm, 1 << 20, 1, any, &part), ==, -EINVAL);
	CHECK_INT(nw_shm_place(&shm, 0, 1, (nw_node){ 1023 }, &part), ==, -ENODEV);
	fault_set(FAULT_MBIND, 1, 1, ENOMEM);
	CHECK_INT(nw_shm_place(&shm, 0, 1, (nw_node){ 0 }, &part), ==, -ENOMEM);
	fault_clear();
	CHECK_INT(part.n_bytes, ==, 7);
	CHECK_INT(nw_shm_place(&shm, 4096, 1, (nw_node){ 0 }, &part), ==, 0);
	CHECK(part.base == (char *)shm.mem.base + 4096);
	CHECK_INT(part.n_bytes, ==, 4096);
	CHECK_INT(part.node.id, ==, 0);
	nw_shm_close(&shm);
}

TEST(a_stream_carries_bytes_and_descriptors)
{
	int fds[2], bells[3], got[2] = { -1, -1 };
	struct nw_local_fds two = { .fds = got, .max = 2 };
	char bytes[8] = "";
	int first;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	for (int i = 0; i < 3; i++)
		bells[i] = nw_bell_open();
	first = dup(0);
	close(first);
	CHECK_INT(nw_local_receive(fds[1], bytes, 8, NULL, 0), ==, -EAGAIN);
	CHECK_INT(nw_local_receive(fds[1], bytes, 8, NULL, 1000), ==, -EAGAIN);
	CHECK_INT(nw_local_send(fds[0], "", 0, NULL, 0), ==, -EINVAL);
	CHECK_INT(nw_local_send(fds[0], "a", 1, bells, NW_LOCAL_FDS_MAX + 1), ==, -EINVAL);
	CHECK_INT(nw_local_send(fds[0], "abc", 3, bells, 3), ==, 0);
	CHECK_INT(nw_local_receive(fds[1], bytes, 8, &two, UINT64_MAX), ==, 3);
	CHECK_INT(two.count, ==, 2);
	CHECK_STR(bytes, "abc");
	nw_bell_ring(bells[1]);
	CHECK(nw_bell_hear(got[1]));
	CHECK_INT(fcntl(got[0], F_GETFD), ==, FD_CLOEXEC);
	nw_bell_close(got[0]);
	nw_bell_close(got[1]);
	/* Nobody asked for these: they are closed. */
	CHECK_INT(nw_local_send(fds[0], "d", 1, bells, 3), ==, 0);
	CHECK_INT(nw_local_receive(fds[1], bytes, 8, NULL, UINT64_MAX), ==, 1);
	CHECK_INT(dup(0), ==, first);
	close(first);
	nw_local_close(fds[1]);
	CHECK_INT(nw_local_send(fds[0], "d", 1, NULL, 0), ==, -EPIPE);
	nw_local_close(fds[0]);
	nw_local_close(-1);
	for (int i = 0; i < 3; i++)
		nw_bell_close(bells[i]);
}

TEST(a_stream_that_is_full_or_at_its_end_says_so)
{
	static char block[64 * 1024];
	char bytes[8];
	int fds[2], rc;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	while ((rc = nw_local_send(fds[0], block, sizeof(block), NULL, 0)) == 0)
		;
	CHECK_INT(rc, ==, -EAGAIN);
	nw_local_close(fds[0]);
	while (read(fds[1], block, sizeof(block)) > 0)
		;
	CHECK_INT(nw_local_receive(fds[1], bytes, 8, NULL, UINT64_MAX), ==, 0);
	nw_local_close(fds[1]);
	CHECK_INT(nw_local_connect(""), ==, -ENAMETOOLONG);
	CHECK_INT(nw_local_connect("/nowhere/at/all"), ==, -ENOENT);
}
