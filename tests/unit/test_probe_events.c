/* SPDX-License-Identifier: MIT */
/* Workers tell of themselves on the way of their findings: started first, finished last, progress
 * between, as often as there are workers. By connections on loopback: no privileges. */
#include "nw_test.h"

#include <errno.h>
#include <nw/probe.h>
#include <stdatomic.h>
#include <time.h>

enum { WORKERS = 2, PORTS = 120, EVENTS_MAX = 1000 };

static uint32_t collect(struct nw_probe *probe, struct nw_probe_event *ret_events)
{
	uint32_t count = 0;
	bool is_over;

	do {
		is_over = nw_probe_is_over(probe);
		count += nw_probe_take(probe, ret_events + count, EVENTS_MAX - count);
		if (!is_over)
			(void)nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
	} while (!is_over);
	for (uint32_t n = 1; n > 0; count += n)
		n = nw_probe_take(probe, ret_events + count, EVENTS_MAX - count);
	return count;
}

static struct nw_probe *start(struct nw_topo *topo, struct nw_probe_targets **ret_targets,
			      struct nw_news *news)
{
	struct nw_probe_options options = { .topo = topo,
					    .no_pin = true,
					    .worker_count = WORKERS,
					    .ports = "1-120",
					    .method = NW_PROBE_CONNECT,
					    .line_count = 16,
					    .rate_per_s = 80,
					    .key = { 1, 2 },
					    .news = news };
	struct nw_probe_targets *targets;
	struct nw_diag diag = { "" };
	struct nw_probe *probe;

	CHECK(nw_probe_targets_create(&targets) == 0);
	CHECK(nw_probe_targets_add(targets, "127.0.0.1", NULL) == 0);
	CHECK(nw_probe_targets_close(targets) == 0);
	options.targets = targets;
	if (nw_probe_create(&probe, &options, &diag) < 0 || nw_probe_start(probe, &diag) < 0)
		FAIL("%s", diag.text);
	*ret_targets = targets;
	return probe;
}

TEST(started_comes_first_finished_last_and_progress_between)
{
	static struct nw_probe_event events[EVENTS_MAX];
	uint32_t begun[WORKERS] = { 0 }, ended[WORKERS] = { 0 }, told[WORKERS] = { 0 };
	uint64_t found = 0, done = 0;
	struct nw_probe_targets *targets;
	struct nw_topo *topo;
	struct nw_probe *probe;
	uint32_t count;

	CHECK(nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, NULL) == 0);
	probe = start(topo, &targets, NULL);
	count = collect(probe, events);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t worker = events[i].worker_idx;

		CHECK(worker < WORKERS && events[i].wall_ns > 0 &&
		      events[i].engine == NW_NEWS_PROBE && !ended[worker]);
		CHECK((begun[worker] == 0) == (events[i].kind == NW_PROBE_STARTED));
		begun[worker] = 1;
		told[worker] += events[i].kind == NW_PROBE_PROGRESS;
		found += events[i].kind == NW_PROBE_OPEN || events[i].kind == NW_PROBE_CLOSED;
		if (events[i].kind == NW_PROBE_FINISHED) {
			ended[worker] = 1;
			done += events[i].count;
		}
	}
	CHECK(found == PORTS && done == PORTS);
	for (uint32_t i = 0; i < WORKERS; i++)
		CHECK(begun[i] && ended[i] && told[i] > 0);
	nw_probe_destroy(probe);
	nw_probe_targets_destroy(targets);
	nw_topo_close(topo);
}

TEST(a_bus_is_shared_with_others)
{
	static struct nw_probe_event events[EVENTS_MAX];
	struct nw_news_event own = { .engine = NW_NEWS_USER, .kind = NW_PROBE_BANNER };
	struct nw_probe_targets *targets;
	struct nw_topo *topo;
	struct nw_news *news;
	struct nw_probe *probe;
	uint32_t count, others = 0, found = 0;

	CHECK(nw_news_create(&news, WORKERS + 1, NW_PROBE_NEWS_SLOTS) == 0);
	CHECK(nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, NULL) == 0);
	probe = start(topo, &targets, news);
	CHECK(nw_news_tell(nw_news_producer(news, WORKERS), &own));
	count = collect(probe, events);
	for (uint32_t i = 0; i < count; i++) {
		others += events[i].engine == NW_NEWS_USER;
		found += events[i].engine == NW_NEWS_PROBE &&
			 (events[i].kind == NW_PROBE_OPEN || events[i].kind == NW_PROBE_CLOSED);
	}
	CHECK(others == 1 && found == PORTS);
	nw_probe_destroy(probe);
	CHECK(nw_news_lost(news) == 0);
	nw_news_destroy(news);
	nw_probe_targets_destroy(targets);
	nw_topo_close(topo);
}

TEST(a_bus_that_is_too_small_is_refused)
{
	struct nw_probe_options options = {
		.ports = "1", .key = { 1, 2 }, .worker_count = 2, .method = NW_PROBE_CONNECT
	};
	struct nw_probe_targets *targets;
	struct nw_diag diag = { "" };
	struct nw_probe *probe;
	struct nw_news *few, *narrow;
	struct nw_topo *topo;

	CHECK(nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, NULL) == 0);
	CHECK(nw_probe_targets_create(&targets) == 0);
	CHECK(nw_probe_targets_add(targets, "127.0.0.1", NULL) == 0);
	CHECK(nw_probe_targets_close(targets) == 0);
	CHECK(nw_news_create(&few, 1, NW_PROBE_NEWS_SLOTS) == 0);
	CHECK(nw_news_create(&narrow, 2, NW_PROBE_NEWS_SLOTS / 2) == 0);
	options.topo = topo;
	options.targets = targets;
	options.news = few;
	CHECK(nw_probe_create(&probe, &options, &diag) == -EINVAL && strstr(diag.text, "a bus"));
	options.news = narrow;
	CHECK(nw_probe_create(&probe, &options, &diag) == -EINVAL && strstr(diag.text, "a bus"));
	nw_news_destroy(few);
	nw_news_destroy(narrow);
	nw_probe_targets_destroy(targets);
	nw_topo_close(topo);
}

struct gate {
	_Atomic uint32_t first_count[16]; /* [last byte]: how often it was the first */
};

static bool admit_even(void *context, uint32_t worker_idx, const struct nw_probe_address *target,
		       bool is_first)
{
	struct gate *gate = context;

	CHECK(worker_idx < WORKERS && target->bytes[0] == 127 && target->bytes[3] < 16);
	if (is_first)
		atomic_fetch_add(&gate->first_count[target->bytes[3]], 1);
	return target->bytes[3] % 2 == 0;
}

static void check_gate(struct nw_probe *probe, struct gate *gate)
{
	static struct nw_probe_event events[EVENTS_MAX];
	uint32_t count = collect(probe, events), found = 0;
	struct nw_probe_counts counts;

	for (uint32_t i = 0; i < count; i++)
		if (events[i].kind == NW_PROBE_OPEN || events[i].kind == NW_PROBE_CLOSED) {
			CHECK(events[i].target.bytes[3] % 2 == 0);
			found++;
		}
	nw_probe_counts(probe, &counts);
	CHECK_INT(found, ==, 8 * 20);
	CHECK_INT(counts.asked, ==, 8 * 20);
	CHECK_INT(counts.left_out, ==, 8 * 20);
	for (int i = 0; i < 16; i++)
		CHECK_INT(atomic_load(&gate->first_count[i]), ==, 1);
}

TEST(who_is_not_admitted_is_not_asked_and_each_is_told_of_once)
{
	struct gate gate = { { 0 } };
	struct nw_probe_options options = { .no_pin = true,
					    .worker_count = WORKERS,
					    .ports = "1-20",
					    .method = NW_PROBE_CONNECT,
					    .line_count = 4,
					    .try_count = 3,
					    .admit = admit_even,
					    .admit_context = &gate,
					    .key = { 1, 2 } };
	struct nw_probe_targets *targets;
	struct nw_diag diag = { "" };
	struct nw_probe *probe;
	struct nw_topo *topo;

	CHECK(nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, NULL) == 0);
	CHECK(nw_probe_targets_create(&targets) == 0);
	CHECK(nw_probe_targets_add(targets, "127.0.0.0/28", NULL) == 0);
	CHECK(nw_probe_targets_close(targets) == 0);
	options.topo = topo;
	options.targets = targets;
	if (nw_probe_create(&probe, &options, &diag) < 0 || nw_probe_start(probe, &diag) < 0)
		FAIL("%s", diag.text);
	check_gate(probe, &gate);
	nw_probe_destroy(probe);
	nw_probe_targets_destroy(targets);
	nw_topo_close(topo);
}

TEST(the_digest_is_of_targets_ports_and_shard)
{
	struct nw_probe_options options = { .ports = "80", .shard_count = 2 };
	struct nw_probe_targets *targets;
	uint64_t digest;

	CHECK(nw_probe_targets_create(&targets) == 0);
	CHECK(nw_probe_targets_add(targets, "127.0.0.0/28", NULL) == 0);
	CHECK(nw_probe_targets_close(targets) == 0);
	options.targets = targets;
	digest = nw_probe_digest(&options);
	options.seed = 9;
	CHECK(nw_probe_digest(&options) == digest);
	options.ports = "81";
	CHECK(nw_probe_digest(&options) != digest);
	options.ports = NULL;
	CHECK(nw_probe_digest(&options) != digest);
	options.ports = "80";
	options.shard_idx = 1;
	CHECK(nw_probe_digest(&options) != digest);
	nw_probe_targets_destroy(targets);
}
