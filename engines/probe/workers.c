/* SPDX-License-Identifier: MIT */
/*
 * The workers of a scan: started together, run to their end.
 *
 * Invariant: no worker asks anything before all are made; if one cannot be, none does.
 */
#include "probe/whole.h"

#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

enum { IDLE_NS = 50000000 };

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Links open one after the other: the kernel numbers a group's in that order. */
static bool open_in_turn(struct nw_probe *probe, struct nw_crew_worker *worker)
{
	int rc = nw_gate_wait(&probe->gate, worker->worker_idx);

	nw_gate_report(&probe->gate, rc < 0 ? rc : nwi_probe_make_worker(probe, worker));
	return nw_gate_pass(&probe->gate, NWI_STAGE_RUN) == NWI_STAGE_RUN;
}

static void run_scanner(struct nwi_scanner *scanner, struct nwi_news *news)
{
	nwi_rate_init(&scanner->rate, scanner->rate.per_s, now_ns());
	while (!scanner->is_over) {
		uint64_t now = now_ns(), rest_ns = nwi_scanner_step(scanner, now);

		nwi_news_look(news, now);
		if (rest_ns > 0)
			(void)nw_link_wait(scanner->link, rest_ns < IDLE_NS ? rest_ns : IDLE_NS);
	}
}

static void run_caller(struct nwi_caller *caller, struct nwi_news *news)
{
	nwi_rate_init(&caller->rate, caller->rate.per_s, now_ns());
	while (!caller->is_over) {
		uint64_t now = now_ns(), rest_ns = nwi_caller_step(caller, now);

		nwi_news_look(news, now);
		if (rest_ns > 0)
			nwi_caller_wait(caller, rest_ns < IDLE_NS ? rest_ns : IDLE_NS);
	}
}

static void run(struct nw_crew_worker *worker, void *arg)
{
	struct nw_probe *probe = arg;
	struct nwi_worker *own = &probe->workers[worker->worker_idx];

	if (open_in_turn(probe, worker)) {
		nwi_news_start(&own->news, now_ns());
		if (own->caller)
			run_caller(own->caller, &own->news);
		else
			run_scanner(own->scanner, &own->news);
		nwi_news_finish(&own->news);
	}
	/* [probe_over.count] release, pairs with [probe_is_over.count]: all its events are shown.
	 */
	atomic_fetch_add_explicit(&probe->over_count, 1, memory_order_release);
}

/* --- Running --- */

int nw_probe_start(struct nw_probe *probe, struct nw_diag *reterr_diag)
{
	const struct nw_probe_options *options = &probe->options;
	struct nw_crew_options crew = { .topo = options->topo,
					.name = "scan",
					.node_idxs = options->node_idxs,
					.node_idx_count = options->node_idx_count,
					.worker_count = options->worker_count,
					.no_pin = options->no_pin };
	int rc = nw_crew_start(&probe->crew, &crew, run, probe, reterr_diag);

	if (rc < 0)
		return rc;
	rc = nw_gate_wait(&probe->gate, options->worker_count);
	if (rc < 0 && reterr_diag)
		*reterr_diag = probe->diag;
	nw_gate_open(&probe->gate, rc < 0 ? NWI_STAGE_QUIT : NWI_STAGE_RUN);
	return rc;
}
