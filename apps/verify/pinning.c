/* SPDX-License-Identifier: MIT */
/* Does a thread run where it was pinned? One thread a CPU, each asked three ways: its affinity
 * mask, the CPU it is on, the node of that CPU. The answers are read here from the kernel, not
 * taken from the crew.
 * Invariant: each thread writes only its own answer. */
#include "verify/verify.h"

#include "common/app.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct answer {
	bool is_mask_right;
	bool is_cpu_right;
	bool is_node_right;
	nw_cpu cpu;
	int reason;
};

struct pinning {
	const struct verify *verify;
	uint32_t node_idx;
	struct answer *answers;
};

/* Kernels are built for 8192 CPUs at most. */
enum { CPU_ID_MAX = 8191 };

static bool is_mask_exactly(unsigned cpu)
{
	size_t n_bytes = CPU_ALLOC_SIZE(CPU_ID_MAX + 1);
	cpu_set_t *mask = CPU_ALLOC(CPU_ID_MAX + 1);
	bool is_right = mask && sched_getaffinity(0, n_bytes, mask) == 0 &&
			CPU_COUNT_S(n_bytes, mask) == 1 && CPU_ISSET_S(cpu, n_bytes, mask);

	CPU_FREE(mask);
	return is_right;
}

static void ask(struct nw_crew_worker *worker, void *arg)
{
	struct pinning *pinning = arg;
	const struct nw_topo_node *node = verify_node(pinning->verify, pinning->node_idx);
	struct answer *answer = &pinning->answers[worker->worker_idx];
	unsigned cpu = 0, on_node = 0;
	int rc = getcpu(&cpu, &on_node);

	answer->cpu = worker->cpu;
	answer->reason = worker->pin_reason;
	answer->is_mask_right = worker->is_pinned && is_mask_exactly((unsigned)worker->cpu.id);
	answer->is_cpu_right = rc == 0 && (int)cpu == worker->cpu.id;
	/* A pretended node's CPUs may lie on several real ones. */
	answer->is_node_right = pinning->verify->is_simulated ||
				(rc == 0 && (int)on_node == node->node.id);
}

static void judge(struct verify *verify, const struct pinning *pinning, uint32_t worker_count)
{
	const struct answer *bad = NULL;
	uint32_t right_count = 0;

	for (uint32_t i = 0; i < worker_count; i++) {
		const struct answer *answer = &pinning->answers[i];

		if (answer->is_mask_right && answer->is_cpu_right && answer->is_node_right)
			right_count++;
		else if (!bad)
			bad = answer;
	}
	if (!bad) {
		verify_note(verify, "pin", (int)pinning->node_idx, VERDICT_OK,
			    "%u of %u CPUs: %s read back as asked", right_count, worker_count,
			    verify->is_simulated ? "affinity and CPU" : "affinity, CPU and node");
		return;
	}
	verify_note(verify, "pin", (int)pinning->node_idx, VERDICT_FAILED,
		    "%u of %u CPUs; first: CPU %d, %s%s%s", right_count, worker_count, bad->cpu.id,
		    !bad->is_mask_right  ? "affinity is not that CPU alone"
		    : !bad->is_cpu_right ? "the thread ran elsewhere"
					 : "the CPU is on another node",
		    bad->reason ? ": " : "", bad->reason ? strerror(-bad->reason) : "");
}

static void verify_node_pinning(struct verify *verify, uint32_t node_idx)
{
	uint32_t cpu_count = verify_node(verify, node_idx)->cpu_count;
	struct pinning pinning = { verify, node_idx, calloc(cpu_count, sizeof(struct answer)) };
	struct nw_crew_options options = {
		.topo = verify->topo,
		.name = VERIFY,
		.node_idxs = &node_idx,
		.node_idx_count = 1,
		.use_smt = true,
		.worker_count = cpu_count,
	};
	struct nw_crew *crew;
	struct nw_diag diag;
	uint32_t worker_count;

	if (!pinning.answers) {
		verify_note(verify, "pin", (int)node_idx, VERDICT_FAILED, "no memory");
		return;
	}
	if (nw_crew_start(&crew, &options, ask, &pinning, &diag) < 0) {
		verify_note(verify, "pin", (int)node_idx, VERDICT_FAILED, "%s", diag.text);
		free(pinning.answers);
		return;
	}
	worker_count = nw_crew_worker_count(crew);
	nw_crew_destroy(crew);
	judge(verify, &pinning, worker_count);
	free(pinning.answers);
}

void verify_pinning(struct verify *verify)
{
	for (uint32_t i = 0; i < verify->node_count && !app_was_interrupted(); i++) {
		if (verify_node(verify, i)->cpu_count > 0)
			verify_node_pinning(verify, i);
		else
			verify_note(verify, "pin", (int)i, VERDICT_SKIPPED, "the node has no CPUs");
	}
}
