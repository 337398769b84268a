/* SPDX-License-Identifier: MIT */
/*
 * futex(2), process-private. The wait takes an absolute deadline (FUTEX_WAIT_BITSET), so
 * that waking for no reason never stretches a time-out.
 */
#include "os/futex.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "the kernel sees a bare word");

int nwi_futex_wait(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	struct timespec deadline = nwi_timespec_of_ns(deadline_ns);
	long rc = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
			  deadline_ns == UINT64_MAX ? NULL : &deadline, NULL,
			  FUTEX_BITSET_MATCH_ANY);

	return rc < 0 && errno == ETIMEDOUT ? -ETIMEDOUT : 0;
}

void nwi_futex_wake(const _Atomic uint32_t *word, int count)
{
	int saved = errno;

	/* It cannot fail but for a bad address, and a signal handler must not change errno. */
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
	errno = saved;
}
