/* SPDX-License-Identifier: MIT */
/* Runs code one instruction at a time, by the CPU's trap flag, and calls a function at each: for
 * what has to hold wherever a thread happens to be, as when another one forks. x86-64 only, and not
 * under sanitizers, which have their own ideas of signals. One thread at a time. */
#ifndef TESTS_LIB_STEP_H
#define TESTS_LIB_STEP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define STEP_IS_POSSIBLE true
#else
#define STEP_IS_POSSIBLE false
#endif

static void (*step_between)(void);

static inline void step_trapped(int number)
{
	(void)number;
	step_between(); /* the kernel cleared the flag for the handler */
}

/* Below the red zone, which the compiler may be using. */
static inline void step_flag(bool is_on)
{
#if STEP_IS_POSSIBLE
	if (is_on)
		__asm__ __volatile__("sub $128, %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
				     "lea 128(%%rsp), %%rsp" ::
					     : "memory", "cc");
	else
		__asm__ __volatile__("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\t"
				     "popfq\n\tlea 128(%%rsp), %%rsp" ::
					     : "memory", "cc");
#else
	(void)is_on;
#endif
}

/* run(arg), with between() at each instruction. */
static inline void step_each(void (*run)(void *arg), void *arg, void (*between)(void))
{
	struct sigaction action = { .sa_handler = step_trapped }, old;

	step_between = between;
	sigaction(SIGTRAP, &action, &old);
	step_flag(true);
	run(arg);
	step_flag(false);
	sigaction(SIGTRAP, &old, NULL);
}

#endif /* TESTS_LIB_STEP_H */
