/* SPDX-License-Identifier: MIT */
/*
 * What a worker tells of itself, on the way that its findings take: that it has started, how far it
 * is, what is wrong, that it has finished.
 *
 * Invariant: started is a worker's first event and finished its last; between them, what finds no
 * room is told the next time.
 */
#ifndef NWI_PROBE_NEWS_H
#define NWI_PROBE_NEWS_H

#include "probe/scan.h"

struct nwi_news {
	struct nw_news_producer *events;
	const struct nwi_scan_tally *tally;
	uint32_t worker_idx;
	uint64_t due_ns;        /* of the next look */
	uint64_t dropped, full; /* as they were at the last */
};

void nwi_news_start(struct nwi_news *news, uint64_t now_ns);
/* Once a second: progress, and warnings. */
void nwi_news_look(struct nwi_news *news, uint64_t now_ns);
void nwi_news_finish(struct nwi_news *news);

#endif /* NWI_PROBE_NEWS_H */
