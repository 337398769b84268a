/* SPDX-License-Identifier: MIT */
/* Makes system calls of the library fail on purpose.
 *
 * A test that links lib/fault.c with the linker options of unit/tests.cmake has
 * these calls pass through here: mmap, munmap, madvise, mbind, move_pages, get_mempolicy and
 * set_mempolicy. Only calls made by the test program and the static library do; libc's own do
 * not. Invariant: without a fault set, every call reaches the kernel as it was made. */
#ifndef TESTS_LIB_FAULT_H
#define TESTS_LIB_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum fault_call {
	FAULT_MMAP,
	FAULT_MADVISE,
	FAULT_MBIND,
	FAULT_MOVE_PAGES,
	FAULT_GET_MEMPOLICY,
	FAULT_SET_MEMPOLICY,
	FAULT_CALL_COUNT,
};

/* The nth call from now on (1: the next one) and `count - 1` after it fail with errno = error. */
void fault_set(enum fault_call call, unsigned nth, unsigned count, int error);
/* All calls work again. */
void fault_clear(void);

/* Pretends that the hugetlb pool is endless: its pages are ordinary ones. */
void fault_fake_hugetlb(bool is_on);

/* Bytes mapped less bytes unmapped since the program began. */
long fault_mapped_bytes(void);

#endif /* TESTS_LIB_FAULT_H */
