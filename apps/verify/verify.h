/* SPDX-License-Identifier: MIT */
/* `nodewise verify`: what its files share. Checks append to a list, measures fill matrices, and
 * both are shown at the end.
 * Invariant: `checks` only grows; a matrix cell that was not measured is 0. */
#ifndef APP_VERIFY_VERIFY_H
#define APP_VERIFY_VERIFY_H

#include <nw/crew.h>
#include <nw/mem.h>
#include <nw/topo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY "verify" /* its name in messages */

enum verdict { VERDICT_OK, VERDICT_FAILED, VERDICT_SKIPPED };

enum { ALL_NODES = -1 };

struct check {
	const char *name;
	int node_idx; /* or ALL_NODES */
	enum verdict verdict;
	char detail[192];
};

struct verify {
	const struct nw_topo *topo;
	uint32_t node_count;
	bool is_quick;
	bool is_simulated;
	bool has_failed;
	bool is_out_of_memory; /* a check could not be noted */

	struct check *checks;
	size_t check_count, check_count_max;

	/* Read latency and bandwidth, [from * node_count + to]; NULL: not measured. */
	double *latency_ns;
	double *gb_per_s;
	size_t buffer_bytes;
	size_t cache_bytes; /* the largest cache, 0: unknown */
	enum nw_mem_pages buffer_pages;
};

/* Appends a check with its verdict. */
void verify_note(struct verify *verify, const char *name, int node_idx, enum verdict verdict,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Runs a function on one thread pinned to the node, waits for it. 0, or negative errno with the
 * reason in diag. */
int verify_run_on(const struct verify *verify, uint32_t node_idx, nw_crew_fn *run, void *arg,
		  struct nw_diag *reterr_diag);

/* Nearest node that has CPUs, itself if it has; the topology has at least one. */
uint32_t verify_server_of(const struct verify *verify, uint32_t node_idx);

static inline const struct nw_topo_node *verify_node(const struct verify *verify, uint32_t node_idx)
{
	return nw_topo_node_at(verify->topo, node_idx);
}

void verify_pinning(struct verify *verify);
void verify_placement(struct verify *verify);
void verify_measures(struct verify *verify);

/* Both return an exit code of app.h, for the output alone. */
int verify_show_text(const struct verify *verify);
int verify_show_json(const struct verify *verify);

#endif /* APP_VERIFY_VERIFY_H */
