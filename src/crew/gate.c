/* SPDX-License-Identifier: MIT */
/*
 * Stages of a crew's life.
 * Invariant: stages only ascend, and reports are counted from none before a stage is shown, so
 * that none is counted for the one before. A crew passes each stage once: all is seq_cst.
 */
#include <nw/gate.h>

void nw_gate_open(struct nw_gate *gate, int stage)
{
	if (atomic_load(&gate->stage) >= stage)
		return;
	atomic_store(&gate->report_count, 0);
	atomic_store(&gate->stage, stage);
	nw_event_notify_all(&gate->changed);
}

int nw_gate_pass(struct nw_gate *gate, int stage)
{
	int now;

	while ((now = atomic_load(&gate->stage)) < stage) {
		nw_event_key key = nw_event_prepare(&gate->changed);

		if (atomic_load(&gate->stage) < stage)
			(void)nw_event_wait(&gate->changed, key, 0, 0);
		else
			nw_event_cancel(&gate->changed);
	}
	return now;
}

void nw_gate_report(struct nw_gate *gate, int rc)
{
	int none = 0;

	if (rc < 0)
		(void)atomic_compare_exchange_strong(&gate->rc, &none, rc); /* the first stays */
	(void)atomic_fetch_add(&gate->report_count, 1);
	nw_event_notify_all(&gate->changed);
}

int nw_gate_wait(struct nw_gate *gate, uint32_t report_count)
{
	while (atomic_load(&gate->report_count) < report_count) {
		nw_event_key key = nw_event_prepare(&gate->changed);

		if (atomic_load(&gate->report_count) < report_count)
			(void)nw_event_wait(&gate->changed, key, 0, 0);
		else
			nw_event_cancel(&gate->changed);
	}
	return atomic_load(&gate->rc);
}
