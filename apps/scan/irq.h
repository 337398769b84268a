/* SPDX-License-Identifier: MIT */
/*
 * The node of a network card and the CPUs that its interrupts go to; moved to the workers' CPUs on
 * request, and back.
 *
 * All is read below two roots, /proc and /sys but for tests. Invariant: an affinity that was
 * written is written back as it was read, once.
 */
#ifndef APP_SCAN_IRQ_H
#define APP_SCAN_IRQ_H

#include <stdbool.h>
#include <stdint.h>

enum { SCAN_IRQS_MAX = 256, SCAN_IRQ_LIST_BYTES = 128, SCAN_IRQ_PATH_BYTES = 512 };

struct scan_irq {
	uint32_t number;
	char list[SCAN_IRQ_LIST_BYTES]; /* CPUs that it may go to, as found: "0-3,8" */
	bool is_moved;
};

struct scan_irqs {
	char proc[SCAN_IRQ_PATH_BYTES], sys[SCAN_IRQ_PATH_BYTES];
	int32_t node; /* of the card; -1: none is known */
	uint32_t count;
	struct scan_irq at[SCAN_IRQS_MAX];
};

/* A card without interrupts of its own, as a virtual interface, has count 0 and node -1. */
void scan_irqs_find(struct scan_irqs *irqs, const char *interface, const char *proc,
		    const char *sys);
/* Interrupt i goes to cpus[i % count]. 0, or a negative errno, with all as it was. */
int scan_irqs_pin(struct scan_irqs *irqs, const int32_t *cpus, uint32_t cpu_count);
/* How many could not be put back. */
uint32_t scan_irqs_restore(struct scan_irqs *irqs);
/* Whether a CPU is in a list of the kernel's. */
bool scan_irq_list_has(const char *list, int32_t cpu);

#endif /* APP_SCAN_IRQ_H */
