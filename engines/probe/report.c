/* SPDX-License-Identifier: MIT */
/*
 * What a running scan tells: events, counts, how far it is.
 *
 * Invariant: nothing here makes a worker wait.
 */
#include "probe/whole.h"

#include <assert.h>

static_assert(sizeof(struct nw_probe_event) == sizeof(struct nw_news_event) &&
		      offsetof(struct nw_probe_event, engine) ==
			      offsetof(struct nw_news_event, engine) &&
		      offsetof(struct nw_probe_event, kind) == offsetof(struct nw_news_event, kind),
	      "laid over an event of the bus");

/* Banners of the last time go home. */
static void give_back(struct nw_probe *probe)
{
	for (uint32_t i = 0; i < probe->lent_count; i++) {
		const struct nwi_lent *lent = &probe->lent[i];

		/* The ring has room for all that there are. */
		(void)!nw_ring_push(probe->workers[lent->worker_idx].back,
				    (void *)(uintptr_t)lent->banner);
	}
	probe->lent_count = 0;
}

uint32_t nw_probe_take(struct nw_probe *probe, struct nw_probe_event *ret_events, uint32_t count)
{
	uint32_t taken;

	give_back(probe);
	taken = nw_news_take(probe->news, ret_events, count);
	for (uint32_t i = 0; i < taken; i++)
		if (ret_events[i].engine == NW_NEWS_PROBE && ret_events[i].kind == NW_PROBE_BANNER)
			probe->lent[probe->lent_count++] = (struct nwi_lent){
				ret_events[i].banner, ret_events[i].worker_idx
			};
	return taken;
}

bool nw_probe_is_over(const struct nw_probe *probe)
{
	/* [probe_is_over.count] acquire, pairs with [probe_over.count]: the events that are taken
	 * out after this are all there will be. */
	return atomic_load_explicit(&probe->over_count, memory_order_acquire) ==
	       probe->options.worker_count;
}

void nw_probe_stop(struct nw_probe *probe)
{
	/* relaxed: hint; the workers' end orders what matters. */
	atomic_store_explicit(&probe->scan.is_stopping, true, memory_order_relaxed);
}

void nwi_tally_finding(struct nwi_scan_tally *tally, enum nw_probe_event_kind kind)
{
	_Atomic uint64_t *const counters[] = { [NW_PROBE_OPEN] = &tally->open,
					       [NW_PROBE_CLOSED] = &tally->closed,
					       [NW_PROBE_UNREACHABLE] = &tally->unreachable,
					       [NW_PROBE_UP] = &tally->up };

	nwi_tally_add(counters[kind], 1);
}

static uint64_t read_count(const _Atomic uint64_t *counter)
{
	/* relaxed: a statistic. */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_counts(const struct nwi_worker *own, struct nw_probe_counts *sum)
{
	const struct nwi_scan_tally *tally = own->tally;

	sum->place_count += own->place_count;
	sum->asked += read_count(&tally->asked);
	sum->sent += read_count(&tally->sent) - read_count(&tally->taken_back);
	sum->open += read_count(&tally->open);
	sum->closed += read_count(&tally->closed);
	sum->unreachable += read_count(&tally->unreachable);
	sum->up += read_count(&tally->up);
	sum->down += read_count(&tally->down);
	sum->left_out += read_count(&tally->left_out);
	sum->banners += read_count(&tally->banners);
	sum->timed_out += read_count(&tally->timed_out);
	sum->duplicates += read_count(&tally->duplicates);
	sum->forged += read_count(&tally->forged);
	sum->other += read_count(&tally->other);
	sum->handed_over += read_count(&tally->handed_over);
	sum->received += read_count(&tally->received);
	sum->received_xdp += read_count(&tally->received_xdp);
	sum->dropped += read_count(&tally->dropped);
	sum->full += read_count(&tally->full);
}

void nw_probe_counts(const struct nw_probe *probe, struct nw_probe_counts *ret_counts)
{
	struct nw_probe_counts sum = { 0 };

	for (uint32_t i = 0; i < probe->options.worker_count && probe->workers[i].tally; i++)
		add_counts(&probe->workers[i], &sum);
	*ret_counts = sum;
}

void nw_probe_worker_counts(const struct nw_probe *probe, uint32_t worker_idx,
			    struct nw_probe_counts *ret_counts)
{
	struct nw_probe_counts counts = { 0 };

	add_counts(&probe->workers[worker_idx], &counts);
	*ret_counts = counts;
}

void nw_probe_positions(const struct nw_probe *probe, uint64_t *ret_positions)
{
	for (uint32_t i = 0; i < probe->options.worker_count; i++)
		ret_positions[i] = probe->workers[i].tally
					   ? read_count(&probe->workers[i].tally->position)
					   : probe->positions[i];
}

void nw_probe_worker(const struct nw_probe *probe, uint32_t worker_idx,
		     struct nw_probe_worker *ret_worker)
{
	*ret_worker = probe->workers[worker_idx].placement;
}
