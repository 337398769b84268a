/* SPDX-License-Identifier: MIT */
/*
 * Crews: placing (on described machines too, since it is a pure function of a topology),
 * starting, pinning, parking, stopping, and a start that fails half way.
 *
 * The linker wraps three calls: the n-th pthread_create can be made to fail, and the kernel's
 * answer about affinity can be made up.
 */
#include "nw_test.h"

#include "crew/place.h"
#include "os/heap.h"
#include "os/thread.h"

#include <errno.h>
#include <nw/crew.h>
#include <nw/mem.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

static atomic_int creates_left = -1; /* before pthread_create fails; below 0: never */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *arg)
{
	if (creates_left >= 0 && atomic_fetch_sub(&creates_left, 1) == 0)
		return EAGAIN;
	return __real_pthread_create(thread, attr, run, arg);
}

static atomic_bool lie_about_affinity, refuse_affinity;

int __real_sched_getaffinity(pid_t pid, size_t n_bytes, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t n_bytes, cpu_set_t *set);
int __real_sched_setaffinity(pid_t pid, size_t n_bytes, const cpu_set_t *set);
int __wrap_sched_setaffinity(pid_t pid, size_t n_bytes, const cpu_set_t *set);

int __wrap_sched_getaffinity(pid_t pid, size_t n_bytes, cpu_set_t *set)
{
	int rc = __real_sched_getaffinity(pid, n_bytes, set);

	if (lie_about_affinity)
		memset(set, 0xff, n_bytes);
	return rc;
}

int __wrap_sched_setaffinity(pid_t pid, size_t n_bytes, const cpu_set_t *set)
{
	if (!refuse_affinity)
		return __real_sched_setaffinity(pid, n_bytes, set);
	errno = EPERM;
	return -1;
}

static struct nw_topo *open_topo(const char *source, uint32_t simulate_nodes)
{
	struct nw_topo_options options = { .source = source, .simulate_nodes = simulate_nodes };
	struct nw_diag diag;
	struct nw_topo *topo;

	if (nw_topo_open(&topo, &options, &diag) < 0)
		FAIL("%s", diag.text);
	return topo;
}

struct counts {
	atomic_uint runs, pinned, misplaced, out_of_place;
};

static void count_run(struct nw_crew_worker *worker, void *arg)
{
	struct counts *counts = arg;

	atomic_fetch_add(&counts->runs, 1);
	atomic_fetch_add(&counts->pinned, worker->is_pinned);
	atomic_fetch_add(&counts->misplaced, sched_getcpu() != worker->cpu.id);
	atomic_fetch_add(&counts->out_of_place,
			 nw_crew_worker_at(worker->crew, worker->worker_idx) != worker);
}

TEST(all_zero_options_run_one_pinned_worker_a_core)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo };
	struct counts counts = { 0 };
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, NULL), ==, 0);
	nw_crew_join(crew);
	nw_crew_join(crew);
	CHECK_INT(nw_crew_worker_count(crew), ==, nw_topo_core_count(topo));
	CHECK_INT(counts.runs, ==, nw_topo_core_count(topo));
	CHECK_INT(counts.pinned, ==, counts.runs);
	CHECK_INT(counts.misplaced, ==, 0);
	CHECK_INT(counts.out_of_place, ==, 0);
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

static void check_pin_reason(int expected)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo, .worker_count = 1 };
	struct counts counts = { 0 };
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, NULL), ==, 0);
	nw_crew_join(crew);
	CHECK(!nw_crew_worker_at(crew, 0)->is_pinned);
	CHECK_INT(nw_crew_worker_at(crew, 0)->pin_reason, ==, expected);
	CHECK_INT(counts.runs, ==, 1);
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

TEST(another_set_than_asked_for_is_exdev)
{
	lie_about_affinity = true;
	check_pin_reason(-EXDEV);
}

TEST(a_refused_pin_says_why_and_the_worker_runs)
{
	refuse_affinity = true;
	check_pin_reason(-EPERM);
}

TEST(no_pin_is_neither_pinned_nor_a_failure)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo, .no_pin = true };
	struct counts counts = { 0 };
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, NULL), ==, 0);
	nw_crew_join(crew);
	CHECK_INT(counts.pinned, ==, 0);
	CHECK_INT(nw_crew_worker_at(crew, 0)->pin_reason, ==, 0);
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

/* Starts must fail with rc and a diagnosis that contains `word`. */
static void check_refused(const struct nw_crew_options *options, int rc, const char *word)
{
	struct nw_crew *crew = (void *)&creates_left; /* any value: must stay as it is */
	struct nw_diag diag = { "" };
	struct counts counts = { 0 };

	CHECK_INT(nw_crew_start(&crew, options, count_run, &counts, &diag), ==, rc);
	CHECK_INT(nw_crew_start(&crew, options, count_run, &counts, NULL), ==, rc);
	CHECK(crew == (void *)&creates_left);
	CHECK_INT(counts.runs, ==, 0);
	if (!strstr(diag.text, word))
		FAIL("\"%s\" does not say \"%s\"", diag.text, word);
}

TEST(more_workers_than_cores_are_refused_by_number)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	uint32_t core_count = nw_topo_core_count(topo);
	struct nw_crew_options options = { .topo = topo, .worker_count = core_count + 1 };
	char limit[32];

	snprintf(limit, sizeof(limit), "only %" PRIu32 " core", core_count);
	check_refused(&options, -ERANGE, limit);
	options.worker_count = UINT32_MAX;
	check_refused(&options, -ERANGE, limit);
	options.oversubscribe = true;
	check_refused(&options, -ERANGE, "the limit is 65536");
	nw_topo_close(topo);
}

TEST(a_node_that_does_not_exist_is_refused_by_name)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	uint32_t nodes[] = { 0, 77 };
	struct nw_crew_options options = { .topo = topo, .node_idxs = nodes, .node_idx_count = 2 };

	check_refused(&options, -ENODEV, "node 77 does not exist");
	nodes[1] = 0;
	check_refused(&options, -EINVAL, "node 0 is named twice");
	options.node_idx_count = 0;
	check_refused(&options, -EINVAL, "a node");
	nw_topo_close(topo);
}

TEST(a_described_machine_is_refused)
{
	struct nw_topo *topo = open_topo("synthetic:numa:2 core:2 pu:1", 0);
	struct nw_crew_options options = { .topo = topo };

	check_refused(&options, -ENOTSUP, "not this machine");
	options.no_pin = true;
	check_refused(&options, -ENOTSUP, "not this machine");
	options.topo = NULL;
	check_refused(&options, -EINVAL, "topology");
	nw_topo_close(topo);
}

/* Whatever number of threads exists when one cannot be created, all of them are gone. */
TEST(a_start_that_fails_half_way_leaves_no_thread)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo, .worker_count = 5, .oversubscribe = true };

	for (int started = 0; started < 5; started++) {
		struct nw_crew *crew = NULL;
		struct counts counts = { 0 };
		struct nw_diag diag;

		creates_left = started;
		CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, &diag), ==, -EAGAIN);
		CHECK(!crew && strstr(diag.text, "of 5 cannot be created"));
		CHECK_INT(counts.runs, ==, 0);
	}
	creates_left = -1;
	nw_topo_close(topo);
}

TEST(oversubscribed_workers_all_run)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo, .worker_count = 9, .oversubscribe = true };
	struct counts counts = { 0 };
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, NULL), ==, 0);
	nw_crew_join(crew);
	CHECK_INT(counts.runs, ==, 9);
	CHECK_INT(counts.misplaced, ==, 0);
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

/* Places are grouped by node, no CPU twice; returns how many are on node_idx. */
static uint32_t check_places(const struct nw_topo *topo, const struct nwi_place *places,
			     uint32_t count, uint32_t node_idx)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		n += places[i].node_idx == node_idx;
		CHECK_INT(places[i].cpu_idx, <, nw_topo_cpu_count(topo));
		for (uint32_t k = 0; k < i; k++)
			CHECK_INT(places[k].cpu_idx, !=, places[i].cpu_idx);
		if (i > 0 && places[i].node_idx != places[i - 1].node_idx)
			for (uint32_t k = 0; k < i; k++)
				CHECK_INT(places[k].node_idx, !=, places[i].node_idx);
	}
	return n;
}

TEST(first_hardware_threads_come_first_and_siblings_only_if_asked)
{
	struct nw_topo *topo = open_topo("synthetic:numa:2 core:4 pu:2", 0);
	struct nw_crew_options options = { .topo = topo };
	struct nwi_place *places;
	uint32_t count;

	CHECK_INT(nwi_places_make(&places, &count, &options, NULL), ==, 0);
	CHECK_INT(count, ==, 8);
	for (uint32_t i = 0; i < count; i++)
		CHECK_INT(nw_topo_cpu_at(topo, places[i].cpu_idx)->smt_idx, ==, 0);
	CHECK_INT(check_places(topo, places, count, 1), ==, 4);
	nwi_heap_free(places);

	options.use_smt = true;
	CHECK_INT(nwi_places_make(&places, &count, &options, NULL), ==, 0);
	CHECK_INT(count, ==, 16);
	CHECK_INT(check_places(topo, places, count, 1), ==, 8);
	nwi_heap_free(places);

	options.worker_count = 8;
	CHECK_INT(nwi_places_make(&places, &count, &options, NULL), ==, 0);
	for (uint32_t i = 0; i < count; i++)
		CHECK_INT(nw_topo_cpu_at(topo, places[i].cpu_idx)->smt_idx, ==, 0);
	nwi_heap_free(places);
	nw_topo_close(topo);
}

TEST(workers_spread_evenly_over_the_nodes_used)
{
	struct nw_topo *topo = open_topo("synthetic:numa:4 core:4 pu:1", 0);
	uint32_t nodes[] = { 3, 0, 2 };
	struct nw_crew_options options = { .topo = topo, .node_idxs = nodes, .node_idx_count = 3 };

	for (uint32_t wanted = 1; wanted <= 12; wanted++) {
		struct nwi_place *places;
		uint32_t count;

		options.worker_count = wanted;
		CHECK_INT(nwi_places_make(&places, &count, &options, NULL), ==, 0);
		CHECK_INT(count, ==, wanted);
		CHECK_INT(places[0].node_idx, ==, 3);
		CHECK_INT(check_places(topo, places, count, 3), ==, (wanted + 2) / 3);
		CHECK_INT(check_places(topo, places, count, 0), ==, (wanted + 1) / 3);
		CHECK_INT(check_places(topo, places, count, 2), ==, wanted / 3);
		CHECK_INT(check_places(topo, places, count, 1), ==, 0);
		nwi_heap_free(places);
	}
	nw_topo_close(topo);
}

TEST(a_node_without_workers_is_served_by_the_nearest)
{
	struct nw_topo *topo = open_topo("synthetic:numa:4 core:2 pu:1", 0);
	uint32_t nodes[] = { 1, 3 }, order[4];
	struct nw_crew_options options = { .topo = topo, .node_idxs = nodes, .node_idx_count = 2 };
	struct nwi_servers servers;
	struct nwi_place *places;
	uint32_t count;

	CHECK_INT(nwi_places_make(&places, &count, &options, NULL), ==, 0);
	CHECK_INT(nwi_servers_make(&servers, topo, places, count), ==, 0);
	for (uint32_t n = 0; n < 4; n++) {
		uint32_t i = 0;

		nw_topo_nearest(topo, n, order);
		while (order[i] != 1 && order[i] != 3)
			i++;
		CHECK_INT(servers.counts[n], ==, 2);
		for (uint32_t k = 0; k < 2; k++)
			CHECK_INT(places[servers.workers[servers.firsts[n] + k]].node_idx, ==,
				  order[i]);
	}
	nwi_servers_free(&servers);
	nwi_heap_free(places);
	nw_topo_close(topo);
}

TEST(pretended_nodes_share_cpus_and_every_node_is_served)
{
	struct nw_topo *topo = open_topo(NULL, 6);
	struct nw_crew_options options = { .topo = topo };
	struct counts counts = { 0 };
	struct nw_crew *crew;
	uint32_t cpu_count;

	CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, NULL), ==, 0);
	nw_crew_join(crew);
	CHECK_INT(nw_crew_worker_count(crew), ==, nw_topo_core_count(topo));
	CHECK_INT(counts.misplaced, ==, 0);
	for (uint32_t n = 0; n < 6; n++) {
		const uint32_t *cpus = nw_topo_node_cpus(topo, n, &cpu_count);
		uint32_t w = nw_crew_server_of(crew, n, n);
		uint32_t i = 0;

		CHECK_INT(w, <, nw_crew_worker_count(crew));
		/* Each pretended node lists CPUs, so its server is on one of them. */
		while (i < cpu_count &&
		       nw_topo_cpu_at(topo, cpus[i])->cpu.id != nw_crew_worker_at(crew, w)->cpu.id)
			i++;
		CHECK_INT(i, <, cpu_count);
	}
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

TEST(turns_go_round_the_group)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo, .worker_count = 3, .oversubscribe = true };
	struct counts counts = { 0 };
	struct nw_crew *crew;

	if (nw_topo_node_count(topo) != 1)
		SKIP("the expected turns are those of a machine with one node");
	CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, NULL), ==, 0);
	for (uint32_t turn = 0; turn < 9; turn++)
		CHECK_INT(nw_crew_server_of(crew, 0, turn), ==, turn % 3);
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

static void check_name(struct nw_crew_worker *worker, void *arg)
{
	char name[NWI_THREAD_NAME_BYTES], expected[32];

	snprintf(expected, sizeof(expected), "%s/%" PRIu32, (const char *)arg, worker->worker_idx);
	CHECK_INT(pthread_getname_np(pthread_self(), name, sizeof(name)), ==, 0);
	CHECK_STR(name, expected);
}

TEST(names_are_visible_and_cut_before_the_number)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = {
		.topo = topo,
		.name = "explore",
		.worker_count = 12,
		.oversubscribe = true,
	};
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, check_name, "explore", NULL), ==, 0);
	nw_crew_destroy(crew);
	options.name = "a-name-of-many-bytes";
	options.worker_count = 3;
	CHECK_INT(nw_crew_start(&crew, &options, check_name, "a-name-of-man", NULL), ==, 0);
	nw_crew_destroy(crew);
	options.name = NULL;
	CHECK_INT(nw_crew_start(&crew, &options, check_name, "nw", NULL), ==, 0);
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

static void check_signals(struct nw_crew_worker *worker, void *arg)
{
	sigset_t mask;

	(void)worker, (void)arg;
	CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &mask), ==, 0);
	CHECK(sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM));
	CHECK(!sigismember(&mask, SIGSEGV) && !sigismember(&mask, SIGBUS));
}

TEST(workers_leave_signals_to_the_program)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo };
	struct nw_crew *crew;
	sigset_t before, after;

	CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &before), ==, 0);
	CHECK_INT(nw_crew_start(&crew, &options, check_signals, NULL, NULL), ==, 0);
	nw_crew_destroy(crew);
	CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &after), ==, 0);
	CHECK_INT(sigismember(&after, SIGINT), ==, sigismember(&before, SIGINT));
	nw_topo_close(topo);
}

static void park_until_stop(struct nw_crew_worker *worker, void *arg)
{
	atomic_uint *ends = arg;

	while (!nw_crew_should_stop(worker->crew))
		CHECK(nw_crew_park(worker, 0, 0));
	CHECK(nw_crew_park(worker, 1000, 0)); /* after a stop every park ends at once */
	atomic_fetch_add(ends, 1);
}

static struct nw_crew *crew_to_stop;

static void stop_it(int signal_number)
{
	(void)signal_number;
	nw_crew_stop(crew_to_stop);
}

TEST(a_signal_handler_may_stop_a_parked_crew)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo, .worker_count = 5, .oversubscribe = true };
	atomic_uint ends = 0;

	CHECK_INT(nw_crew_start(&crew_to_stop, &options, park_until_stop, &ends, NULL), ==, 0);
	CHECK(signal(SIGINT, stop_it) != SIG_ERR);
	CHECK_INT(raise(SIGINT), ==, 0);
	nw_crew_join(crew_to_stop);
	CHECK_INT(ends, ==, 5);
	CHECK(nw_crew_should_stop(crew_to_stop));
	nw_crew_stop(crew_to_stop);
	nw_crew_destroy(crew_to_stop);
	nw_topo_close(topo);
}

static void check_tokens(struct nw_crew_worker *worker, void *arg)
{
	uint64_t begin_ns = nwi_clock_ns();

	(void)arg;
	nw_crew_unpark(worker->crew, worker->worker_idx);
	nw_crew_unpark(worker->crew, worker->worker_idx);
	CHECK(nw_crew_park(worker, 0, 0));
	CHECK(!nw_crew_park(worker, 0, 2000000)); /* one is kept, not two */
	CHECK_INT(nwi_clock_ns() - begin_ns, >=, 2000000);
	begin_ns = nwi_clock_ns();
	CHECK(!nw_crew_park(worker, UINT64_MAX, 2000000)); /* spinning ends at the deadline too */
	CHECK_INT(nwi_clock_ns() - begin_ns, >=, 2000000);
	nw_crew_unpark(worker->crew, worker->worker_idx);
	CHECK(nw_crew_park(worker, 1000, 2000000));
}

TEST(one_token_is_kept_and_a_timeout_is_false)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo, .worker_count = 1 };
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, check_tokens, NULL, NULL), ==, 0);
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

static void park_and_measure(struct nw_crew_worker *worker, void *arg)
{
	uint64_t *ret_cpu_ns = arg, begin_ns = nwi_thread_cpu_time_ns();

	CHECK(nw_crew_park(worker, 50000, 0));
	ret_cpu_ns[worker->worker_idx] = nwi_thread_cpu_time_ns() - begin_ns;
}

/* 1 % of the time asleep, spinning and every wake-up included. */
TEST(a_parked_worker_uses_no_cpu)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo, .worker_count = 2, .oversubscribe = true };
	struct timespec nap = { .tv_nsec = 400000000 };
	uint64_t cpu_ns[2] = { 0 };
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, park_and_measure, cpu_ns, NULL), ==, 0);
	CHECK_INT(nanosleep(&nap, NULL), ==, 0);
	nw_crew_stop(crew);
	nw_crew_join(crew);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(cpu_ns[i], >, 0);
		CHECK_INT(cpu_ns[i], <, 4000000);
	}
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

TEST(a_seat_lies_on_its_node)
{
	struct nw_topo *topo = open_topo(NULL, 0);
	struct nw_crew_options options = { .topo = topo };
	static struct nw_mem_map map;
	struct counts counts = { 0 };
	struct nw_crew *crew;

	CHECK_INT(nw_crew_start(&crew, &options, count_run, &counts, NULL), ==, 0);
	for (uint32_t i = 0; i < nw_crew_worker_count(crew); i++) {
		const struct nw_crew_worker *worker = nw_crew_worker_at(crew, i);
		const struct nw_topo_node *home = nw_topo_node_at(topo, worker->node_idx);

		if (home->memory_bytes == 0)
			continue; /* its seat is on the nearest node that has memory */
		if (nw_mem_verify(worker, sizeof(*worker), &map) < 0 || map.failed_count > 0)
			SKIP("this kernel does not tell where a page is");
		CHECK_INT(map.on_node[home->memory_node.id], ==, map.page_count);
	}
	nw_crew_destroy(crew);
	nw_topo_close(topo);
}

TEST(destroy_accepts_null)
{
	nw_crew_destroy(NULL);
}
