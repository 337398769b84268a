/* SPDX-License-Identifier: MIT */
/*
 * CPU, name, time and signals of the calling thread. A CPU set is sized by its largest CPU,
 * read back into one of the kernel's size, so ids above 1023 work.
 */
#include "os/thread.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { CPU_ID_MAX = 8191 }; /* CONFIG_NR_CPUS of the largest kernels that are shipped */

int nwi_thread_pin(nw_cpu cpu)
{
	unsigned long set[(CPU_ID_MAX + 1) / (8 * sizeof(unsigned long))] = { 0 };
	cpu_set_t *cpus = (cpu_set_t *)(void *)set;

	if (cpu.id < 0 || cpu.id > CPU_ID_MAX)
		return -EINVAL;
	CPU_SET_S((size_t)cpu.id, sizeof(set), cpus);
	if (sched_setaffinity(0, sizeof(set), cpus) < 0)
		return -errno;
	CPU_ZERO_S(sizeof(set), cpus);
	if (sched_getaffinity(0, sizeof(set), cpus) < 0)
		return -errno;
	if (CPU_COUNT_S(sizeof(set), cpus) != 1 || !CPU_ISSET_S((size_t)cpu.id, sizeof(set), cpus))
		return -EXDEV;
	return 0;
}

nw_cpu nwi_thread_cpu(void)
{
	return (nw_cpu){ sched_getcpu() };
}

void nwi_thread_set_name(const char *name)
{
	/* A name is a convenience: a kernel that refuses it changes nothing else. */
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

void nwi_thread_name(char ret_name[NWI_THREAD_NAME_BYTES])
{
	ret_name[0] = '\0';
	/* As above; an empty name is one too. */
	(void)prctl(PR_GET_NAME, ret_name, 0, 0, 0);
}

int32_t nwi_thread_id(void)
{
	return (int32_t)gettid();
}

int nwi_thread_block_signals(sigset_t *ret_saved)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
	sigset_t all;

	sigfillset(&all);
	/* A blocked fault kills without the program's own handler having seen it. */
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	return -pthread_sigmask(SIG_SETMASK, &all, ret_saved);
}

void nwi_thread_restore_signals(const sigset_t *saved)
{
	/* It cannot fail: `saved` came from the same call. */
	(void)pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec now = { 0 };

	/* Both clocks exist on every kernel this builds for. */
	(void)clock_gettime(id, &now);
	return nwi_ns_of_timespec(now);
}

uint64_t nwi_clock_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void nwi_thread_sleep_ns(uint64_t ns)
{
	struct timespec left = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

uint64_t nwi_thread_cpu_time_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
