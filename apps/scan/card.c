/* SPDX-License-Identifier: MIT */
/*
 * Workers near the card: its node is preferred, its interrupts are told beside the workers' nodes
 * and, on request, moved to their CPUs for as long as the scan runs.
 */
#include "scan/scan.h"

#include "scan/irq.h"

#include <stdlib.h>
#include <string.h>

static uint32_t workers_of(const struct scan_run *run)
{
	return run->state.worker_count;
}

/* Its node alone where it has cores for all; named nodes, and none at all, have been chosen. */
int scan_card_find(struct scan_run *run)
{
	run->irqs = calloc(1, sizeof(*run->irqs));
	if (!run->irqs)
		return app_failed(SCAN_NAME, "no memory");
	if (run->interface[0])
		scan_irqs_find(run->irqs, run->interface, "/proc", "/sys");
	else
		run->irqs->node = -1;
	if (run->options->nodes || run->options->no_numa || run->irqs->node < 0)
		return APP_OK;
	for (uint32_t i = 0; i < nw_topo_node_count(run->topo); i++) {
		const struct nw_topo_node *node = nw_topo_node_at(run->topo, i);

		if (node->node.id != run->irqs->node || node->core_count < workers_of(run))
			continue;
		run->card_node_idx = i;
		run->probe_options.node_idxs = &run->card_node_idx;
		run->probe_options.node_idx_count = 1;
	}
	return APP_OK;
}

static void tell_irq(const struct scan_run *run, const struct scan_irq *irq)
{
	bool is_worker_cpu = false;

	for (uint32_t i = 0; i < workers_of(run); i++) {
		struct nw_probe_worker worker;

		nw_probe_worker(run->probe, i, &worker);
		is_worker_cpu |= scan_irq_list_has(irq->list, worker.cpu.id);
	}
	(void)fprintf(stderr, "interrupt %u: CPUs %s%s\n", irq->number, irq->list,
		      is_worker_cpu ? "" : ", none of them a worker's");
}

static void tell(const struct scan_run *run)
{
	if (run->options->is_quiet)
		return;
	if (run->irqs->node >= 0)
		(void)fprintf(stderr, "%s is on node %d\n", run->interface, run->irqs->node);
	for (uint32_t i = 0; i < run->irqs->count; i++)
		tell_irq(run, &run->irqs->at[i]);
}

static int pin(struct scan_run *run)
{
	int32_t cpus[NW_PROBE_WORKERS_MAX];
	int rc;

	for (uint32_t i = 0; i < workers_of(run); i++) {
		struct nw_probe_worker worker;

		nw_probe_worker(run->probe, i, &worker);
		cpus[i] = worker.cpu.id;
	}
	rc = scan_irqs_pin(run->irqs, cpus, workers_of(run));
	if (rc < 0)
		return app_failed(SCAN_NAME,
				  "--pin-irqs: the interrupts of %s cannot be moved (%s); it takes "
				  "root, outside of containers",
				  run->interface, strerror(-rc));
	if (!run->options->is_quiet)
		(void)fprintf(stderr, "%u interrupts of %s moved to the workers' CPUs\n",
			      run->irqs->count, run->interface);
	return APP_OK;
}

int scan_card_use(struct scan_run *run)
{
	tell(run);
	if (!run->options->pins_irqs)
		return APP_OK;
	if (run->irqs->count == 0) {
		app_note(SCAN_NAME, "--pin-irqs: %s has no interrupts of its own",
			 run->interface[0] ? run->interface : "the route's interface");
		return APP_OK;
	}
	return pin(run);
}

void scan_card_leave(struct scan_run *run)
{
	uint32_t failed = run->irqs ? scan_irqs_restore(run->irqs) : 0;

	if (failed > 0)
		(void)app_failed(SCAN_NAME, "%u interrupts of %s are not as they were", failed,
				 run->interface);
	free(run->irqs);
	run->irqs = NULL;
}
