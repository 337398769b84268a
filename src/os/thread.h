/* SPDX-License-Identifier: MIT */
/*
 * What a thread asks of the kernel: its CPU, its name, the time, its signals. Affinity is
 * read back after it is set: a cgroup may silently give less than what was asked.
 */
#ifndef NWI_OS_THREAD_H
#define NWI_OS_THREAD_H

#include <nw/node.h>

#include <signal.h>
#include <stdint.h>

enum { NWI_THREAD_NAME_BYTES = 16 }; /* TASK_COMM_LEN: 15 and the zero */

/*
 * Pin the calling thread to one CPU and read the set back. 0: exactly { cpu }. -EXDEV: the
 * kernel gave another set. -EINVAL: no such CPU here, or not one this process may use;
 * -EPERM, -ENOSYS: a sandbox refuses.
 */
int nwi_thread_pin(nw_cpu cpu);

/* CPU the calling thread is on right now; -1 where the kernel will not say. */
nw_cpu nwi_thread_cpu(void);

/* Name of the calling thread, as ps -L and top -H show it; cut to 15 bytes. */
void nwi_thread_set_name(const char *name);
/* The same name, read back. */
void nwi_thread_name(char ret_name[NWI_THREAD_NAME_BYTES]);

/* Id of the calling thread, as ps -L shows it. */
int32_t nwi_thread_id(void);

/* Block every signal but faults for the calling thread (and threads it makes); 0 or -errno. */
int nwi_thread_block_signals(sigset_t *ret_saved);
void nwi_thread_restore_signals(const sigset_t *saved);

/* CLOCK_MONOTONIC in ns: no system call where the vDSO has it. */
uint64_t nwi_clock_ns(void);
/* Sleep, signals notwithstanding. */
void nwi_thread_sleep_ns(uint64_t ns);
/* CPU time the calling thread has used, in ns. */
uint64_t nwi_thread_cpu_time_ns(void);

/* Tell the CPU that this is a spin loop. */
static inline void nwi_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" ::: "memory");
#endif
}

#endif /* NWI_OS_THREAD_H */
