/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Gate: how a crew whose workers make what they need on their own nodes is led through stages.
 *
 * The caller numbers the stages upwards from 1. One thread opens the gate to a stage; workers pass
 * it, do what the stage asks for and report; that thread waits for their reports, and opens the
 * next one:
 *
 *     nw_gate_open(gate, SETUP);                    if (nw_gate_pass(gate, SETUP) == QUIT)
 *     rc = nw_gate_wait(gate, worker_count);                return;
 *     nw_gate_open(gate, rc < 0 ? QUIT : RUN);      nw_gate_report(gate, set_up());
 *                                                   if (nw_gate_pass(gate, RUN) == RUN)
 *                                                           work();
 *
 *             open  pass  report  wait
 *     open    X     -     -       -
 *     the rest -    -     -       -
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine.
 *
 * Progress: open and report are wait-free; pass waits for an open, and wait for reports.
 * Order: what was done before an open is seen by whoever passes to that stage; what was done before
 * a report, by whoever has waited for it.
 */
#ifndef NW_GATE_H
#define NW_GATE_H

#include <nw/base.h>
#include <nw/event.h>

#include <stdint.h>

#ifndef __cplusplus
#include <stdatomic.h>
#endif

NW_BEGIN_DECLS

/**
 * A gate, to be a member of what the crew works on; all zero bits are a fresh one, at stage 0. The
 * fields are the library's.
 */
struct nw_gate {
	struct nw_event changed;
#ifdef __cplusplus
	int stage;
	int rc;
	uint32_t report_count;
#else
	_Atomic int stage;
	_Atomic int rc;                /* the first failure reported */
	_Atomic uint32_t report_count; /* since the gate was opened to this stage */
#endif
};

/**
 * Open the gate to a stage, and count reports from none again. A stage that is behind it already
 * changes nothing.
 *
 * Threads: one at a time.
 */
NW_API void nw_gate_open(struct nw_gate *gate, int stage);

/**
 * Wait until the gate is open to a stage.
 *
 * @return the stage that it is open to: this one, or a later one
 *
 * Threads: any.
 */
NW_API int nw_gate_pass(struct nw_gate *gate, int stage);

/** One more worker has done what the stage asks for; or failed, with a negative `rc`. Threads: any.
 */
NW_API void nw_gate_report(struct nw_gate *gate, int rc);

/**
 * Wait until that many have reported.
 *
 * @return 0, or the first failure that was reported to this gate
 *
 * Threads: any.
 */
NW_API int nw_gate_wait(struct nw_gate *gate, uint32_t report_count);

NW_END_DECLS

#endif /* NW_GATE_H */
