/* SPDX-License-Identifier: MIT */
/* Failing system calls (fault.h), by the linker's --wrap: a call of mbind() arrives at
 * __wrap_mbind(), and __real_mbind() is the one that was meant. */
#include "lib/fault.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/types.h>

static struct {
	atomic_long calls_left; /* until the first that fails */
	atomic_long fails_left;
	atomic_int error;
} faults[FAULT_CALL_COUNT];

static atomic_long mapped_bytes;
static atomic_bool is_hugetlb_fake;

void fault_set(enum fault_call call, unsigned nth, unsigned count, int error)
{
	faults[call].error = error;
	faults[call].calls_left = (long)nth - 1;
	faults[call].fails_left = (long)count;
}

void fault_clear(void)
{
	for (int i = 0; i < FAULT_CALL_COUNT; i++)
		faults[i].fails_left = 0;
}

void fault_fake_hugetlb(bool is_on)
{
	is_hugetlb_fake = is_on;
}

long fault_mapped_bytes(void)
{
	return mapped_bytes;
}

static bool must_fail(enum fault_call call)
{
	if (faults[call].fails_left <= 0 || faults[call].calls_left-- > 0)
		return false;
	if (faults[call].fails_left-- <= 0)
		return false;
	errno = faults[call].error;
	return true;
}

void *__real_mmap(void *at, size_t n_bytes, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t n_bytes, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t n_bytes);
int __wrap_munmap(void *at, size_t n_bytes);
int __real_madvise(void *at, size_t n_bytes, int advice);
int __wrap_madvise(void *at, size_t n_bytes, int advice);
long __real_mbind(void *at, unsigned long n_bytes, int mode, const unsigned long *mask,
		  unsigned long bits, unsigned flags);
long __wrap_mbind(void *at, unsigned long n_bytes, int mode, const unsigned long *mask,
		  unsigned long bits, unsigned flags);
long __real_move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
		       int flags);
long __wrap_move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
		       int flags);
long __real_get_mempolicy(int *mode, unsigned long *mask, unsigned long bits, void *at,
			  unsigned flags);
long __wrap_get_mempolicy(int *mode, unsigned long *mask, unsigned long bits, void *at,
			  unsigned flags);
long __real_set_mempolicy(int mode, const unsigned long *mask, unsigned long bits);
long __wrap_set_mempolicy(int mode, const unsigned long *mask, unsigned long bits);

void *__wrap_mmap(void *at, size_t n_bytes, int protection, int flags, int fd, off_t offset)
{
	void *base;

	if (must_fail(FAULT_MMAP))
		return MAP_FAILED;
	if (is_hugetlb_fake)
		flags &= ~MAP_HUGETLB & ((1 << MAP_HUGE_SHIFT) - 1);
	base = __real_mmap(at, n_bytes, protection, flags, fd, offset);
	if (base != MAP_FAILED)
		mapped_bytes += (long)n_bytes;
	return base;
}

int __wrap_munmap(void *at, size_t n_bytes)
{
	mapped_bytes -= (long)n_bytes;
	return __real_munmap(at, n_bytes);
}

int __wrap_madvise(void *at, size_t n_bytes, int advice)
{
	return must_fail(FAULT_MADVISE) ? -1 : __real_madvise(at, n_bytes, advice);
}

long __wrap_mbind(void *at, unsigned long n_bytes, int mode, const unsigned long *mask,
		  unsigned long bits, unsigned flags)
{
	return must_fail(FAULT_MBIND) ? -1 : __real_mbind(at, n_bytes, mode, mask, bits, flags);
}

long __wrap_move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
		       int flags)
{
	if (must_fail(FAULT_MOVE_PAGES))
		return -1;
	return __real_move_pages(pid, count, pages, nodes, status, flags);
}

long __wrap_get_mempolicy(int *mode, unsigned long *mask, unsigned long bits, void *at,
			  unsigned flags)
{
	if (must_fail(FAULT_GET_MEMPOLICY))
		return -1;
	return __real_get_mempolicy(mode, mask, bits, at, flags);
}

long __wrap_set_mempolicy(int mode, const unsigned long *mask, unsigned long bits)
{
	return must_fail(FAULT_SET_MEMPOLICY) ? -1 : __real_set_mempolicy(mode, mask, bits);
}
