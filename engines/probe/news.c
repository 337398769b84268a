/* SPDX-License-Identifier: MIT */
/* Events about the workers themselves. */
#include "probe/news.h"

#define NS_PER_S UINT64_C(1000000000)

static uint64_t read_count(const _Atomic uint64_t *counter)
{
	/* relaxed: a statistic. */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static bool tell(struct nwi_news *news, enum nw_probe_event_kind kind,
		 enum nw_probe_warning warning, uint64_t count)
{
	struct nw_probe_event event = { .wall_ns = nw_news_now_ns(),
					.engine = NW_NEWS_PROBE,
					.kind = (uint8_t)kind,
					.warning = (uint8_t)warning,
					.worker_idx = (uint8_t)news->worker_idx,
					.count = count };

	return nw_news_tell(news->events, &event);
}

static uint64_t done(const struct nwi_news *news)
{
	return read_count(&news->tally->asked) + read_count(&news->tally->down) +
	       read_count(&news->tally->left_out);
}

void nwi_news_start(struct nwi_news *news, uint64_t now_ns)
{
	news->due_ns = now_ns + NS_PER_S;
	(void)tell(news, NW_PROBE_STARTED, 0, done(news)); /* the first: there is room */
}

/* What has grown since the last time. */
static void warn(struct nwi_news *news, enum nw_probe_warning warning, uint64_t now,
		 uint64_t *inout_before)
{
	if (now > *inout_before && tell(news, NW_PROBE_WARNING, warning, now - *inout_before))
		*inout_before = now;
}

void nwi_news_look(struct nwi_news *news, uint64_t now_ns)
{
	if (now_ns < news->due_ns)
		return;
	news->due_ns = now_ns + NS_PER_S;
	(void)tell(news, NW_PROBE_PROGRESS, 0, done(news)); /* the next will say as much */
	warn(news, NW_PROBE_WARNING_DROPPED, read_count(&news->tally->dropped), &news->dropped);
	warn(news, NW_PROBE_WARNING_FULL, read_count(&news->tally->full), &news->full);
}

/* The worker has kept room for it. */
void nwi_news_finish(struct nwi_news *news)
{
	warn(news, NW_PROBE_WARNING_DROPPED, read_count(&news->tally->dropped), &news->dropped);
	(void)tell(news, NW_PROBE_FINISHED, 0, done(news));
}
