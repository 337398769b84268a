/* SPDX-License-Identifier: MIT */
/* Shared pages and bells: every return code, seals, and what the other side can and cannot do. */
#include "nw_test.h"

#include "lib/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <nw/bell.h>
#include <nw/shm.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

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
