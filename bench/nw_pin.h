/* SPDX-License-Identifier: MIT */
/* The calling thread, or a child before it becomes another program, on one CPU. */
#ifndef NW_PIN_H
#define NW_PIN_H

#include <sched.h>
#include <stddef.h>

static inline void nw_pin(size_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set); /* else it goes where it likes */
}

#endif /* NW_PIN_H */
