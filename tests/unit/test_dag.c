/* SPDX-License-Identifier: MIT */
/* The state machine of task graphs: every error, every state, one thread, time by hand. */
#include "nw_test.h"

#include "dag/timers.h"

#include <errno.h>
#include <nw/dag.h>

static const struct nw_resource four_cpus = {
	{ [NW_RESOURCE_CPU] = 4000, [NW_RESOURCE_MEMORY] = 1 << 20 }
};
static struct nw_diag diag;

static struct nw_dag *begin_with(const struct nw_dag_options *options)
{
	struct nw_dag *dag = NULL;

	CHECK_INT(nw_dag_create(&dag, options, &diag), ==, 0);
	return dag;
}

static struct nw_dag *begin(void)
{
	return begin_with(&(struct nw_dag_options){ .capacity = &four_cpus, .node_count = 1 });
}

static nw_dag_id add(struct nw_dag *dag, const struct nw_dag_spec *spec)
{
	nw_dag_id id = { 0 };

	if (nw_dag_add(dag, spec, &id, &diag) != 0)
		FAIL("%s", diag.text);
	return id;
}

/* A task that waits for up to two others. */
static nw_dag_id add_after(struct nw_dag *dag, const char *name, const char *a, const char *b)
{
	const char *deps[] = { a, b };

	return add(dag, &(struct nw_dag_spec){ .name = name,
					       .deps = deps,
					       .dep_count = (uint32_t)(a != NULL) + (b != NULL) });
}

static nw_dag_id add_cpu(struct nw_dag *dag, const char *name, uint64_t cpu)
{
	return add(dag,
		   &(struct nw_dag_spec){ .name = name, .need = { { [NW_RESOURCE_CPU] = cpu } } });
}

static void commit(struct nw_dag *dag)
{
	if (nw_dag_commit(dag, 0, &diag) != 0)
		FAIL("%s", diag.text);
}

static struct nw_dag_step next_at(struct nw_dag *dag, uint64_t now_ns)
{
	struct nw_dag_step step;

	nw_dag_next(dag, now_ns, &step);
	return step;
}

static void check_start(struct nw_dag *dag, nw_dag_id id, uint64_t now_ns)
{
	struct nw_dag_step step = next_at(dag, now_ns);

	CHECK_INT(step.kind, ==, NW_DAG_START);
	CHECK_INT(step.task.value, ==, id.value);
}

static void check_wait(struct nw_dag *dag, uint64_t now_ns, uint64_t until_ns)
{
	struct nw_dag_step step = next_at(dag, now_ns);

	CHECK_INT(step.kind, ==, NW_DAG_WAIT);
	CHECK(step.until_ns == until_ns);
}

static void check_done(struct nw_dag *dag)
{
	CHECK_INT(next_at(dag, 1000).kind, ==, NW_DAG_DONE);
}

static void end_task(struct nw_dag *dag, nw_dag_id id, bool is_ok)
{
	CHECK_INT(nw_dag_ended(dag, id, is_ok, 5), ==, 0);
}

static struct nw_dag_info info(struct nw_dag *dag, nw_dag_id id)
{
	struct nw_dag_info got;

	CHECK_INT(nw_dag_info(dag, id, &got), ==, 0);
	return got;
}

static void check_is(struct nw_dag *dag, nw_dag_id id, enum nw_dag_state state,
		     enum nw_dag_reason reason)
{
	struct nw_dag_info got = info(dag, id);

	if (got.state != state || got.reason != reason)
		FAIL("%s is %s (%s)", got.name, nw_dag_state_name(got.state),
		     nw_dag_reason_name(got.reason));
}

static void check_says(const char *part)
{
	if (!strstr(diag.text, part))
		FAIL("\"%s\" is not in \"%s\"", part, diag.text);
}

/* ---- create ---- */

TEST(create_says_why_not)
{
	struct nw_dag *dag = (void *)&diag;
	struct nw_dag_options good = { .capacity = &four_cpus, .node_count = 1 }, bad;
	struct nw_rcu *quiescent;

	bad = good;
	bad.node_count = 0;
	CHECK_INT(nw_dag_create(&dag, &bad, &diag), ==, -EINVAL);
	bad.node_count = 1025;
	CHECK_INT(nw_dag_create(&dag, &bad, &diag), ==, -EINVAL);
	check_says("1025");
	bad = good;
	bad.capacity = NULL;
	CHECK_INT(nw_dag_create(&dag, &bad, &diag), ==, -EINVAL);
	bad = good;
	bad.order = NW_DAG_ORDER_COUNT;
	CHECK_INT(nw_dag_create(&dag, &bad, &diag), ==, -EINVAL);
	bad = good;
	bad.class_count = 2000;
	CHECK_INT(nw_dag_create(&dag, &bad, &diag), ==, -EINVAL);
	bad.class_count = 2;
	CHECK_INT(nw_dag_create(&dag, &bad, &diag), ==, -EINVAL);
	check_says("no list");
	bad = good;
	CHECK_INT(nw_rcu_create(&quiescent, NW_NODE_ANY,
				&(struct nw_rcu_options){ .flavour = NW_RCU_QUIESCENT }),
		  ==, 0);
	bad.rcu = quiescent;
	CHECK_INT(nw_dag_create(&dag, &bad, &diag), ==, -EINVAL);
	check_says("general");
	nw_rcu_destroy(quiescent);
	CHECK(dag == (void *)&diag);
	nw_dag_destroy(NULL);
}

TEST(an_empty_graph_is_done)
{
	struct nw_dag *dag = begin();

	check_done(dag);
	commit(dag);
	check_done(dag);
	nw_dag_destroy(dag);
}

/* ---- add ---- */

TEST(add_refuses_bad_names)
{
	struct nw_dag *dag = begin();
	char name[NW_DAG_NAME_BYTES + 1];
	nw_dag_id id;

	CHECK_INT(nw_dag_add(dag, &(struct nw_dag_spec){ .name = NULL }, NULL, &diag), ==, -EINVAL);
	CHECK_INT(nw_dag_add(dag, &(struct nw_dag_spec){ .name = "" }, NULL, &diag), ==, -EINVAL);
	memset(name, 'x', sizeof(name));
	name[NW_DAG_NAME_BYTES] = '\0';
	CHECK_INT(nw_dag_add(dag, &(struct nw_dag_spec){ .name = name }, NULL, NULL), ==, -EINVAL);
	name[NW_DAG_NAME_BYTES - 1] = '\0';
	id = add(dag, &(struct nw_dag_spec){ .name = name });
	CHECK(nw_dag_find(dag, name).value == id.value);
	CHECK_INT(nw_dag_find(dag, "y").value, ==, 0);
	CHECK_INT(nw_dag_add(dag, &(struct nw_dag_spec){ .name = name }, NULL, &diag), ==, -EEXIST);
	check_says("another task");
	nw_dag_destroy(dag);
}

TEST(add_refuses_what_does_not_exist)
{
	struct nw_dag *dag = begin();

	CHECK_INT(nw_dag_add(dag,
			     &(struct nw_dag_spec){ .name = "a", .has_node = true, .node_idx = 1 },
			     NULL, &diag),
		  ==, -EINVAL);
	CHECK_INT(nw_dag_add(dag, &(struct nw_dag_spec){ .name = "a", .is_node_strict = true },
			     NULL, &diag),
		  ==, -EINVAL);
	CHECK_INT(
		nw_dag_add(dag, &(struct nw_dag_spec){ .name = "a", .class_idx = 1 }, NULL, &diag),
		==, -EINVAL);
	CHECK_INT(nw_dag_add(dag, &(struct nw_dag_spec){ .name = "a", .cap = { 1 } }, NULL, &diag),
		  ==, -EINVAL);
	CHECK_INT(
		nw_dag_add(dag, &(struct nw_dag_spec){ .name = "a", .dep_count = 1 }, NULL, &diag),
		==, -EINVAL);
	nw_dag_drop(dag);
	nw_dag_destroy(dag);
}

TEST(what_can_never_fit_is_refused_with_the_dimension)
{
	const struct nw_resource nodes[2] = {
		{ { [NW_RESOURCE_CPU] = 4000, [NW_RESOURCE_MEMORY] = 100 } },
		{ { [NW_RESOURCE_CPU] = 2000, [NW_RESOURCE_MEMORY] = 300 } },
	};
	const struct nw_resource quota = {
		{ [NW_RESOURCE_CPU] = 3000, [NW_RESOURCE_MEMORY] = 1000 }
	};
	const struct nw_dag_class classes[2] = { { .weight = 1 }, { .quota = &quota } };
	struct nw_dag *dag = begin_with(&(struct nw_dag_options){
		.capacity = nodes, .node_count = 2, .class_count = 2, .classes = classes });
	struct nw_dag_spec spec = { .name = "big" };

	spec.need.amount[NW_RESOURCE_MEMORY] = 401;
	CHECK_INT(nw_dag_add(dag, &spec, NULL, &diag), ==, -ENOSPC);
	CHECK_STR(diag.text, "task \"big\" needs memory 401 bytes, but the machine has 400: it can "
			     "never start");
	spec.need.amount[NW_RESOURCE_MEMORY] = 301;
	CHECK_INT(nw_dag_add(dag, &spec, NULL, &diag), ==, -ENOSPC);
	check_says("the largest node has 300");
	spec.need.amount[NW_RESOURCE_MEMORY] = 200;
	spec.need.amount[NW_RESOURCE_CPU] = 3000;
	CHECK_INT(nw_dag_add(dag, &spec, NULL, &diag), ==, -ENOSPC);
	check_says("no node has all");
	spec.need.amount[NW_RESOURCE_CPU] = 2000;
	spec.has_node = spec.is_node_strict = true;
	CHECK_INT(nw_dag_add(dag, &spec, NULL, &diag), ==, -ENOSPC);
	check_says("its node has 100");
	spec.node_idx = 1;
	(void)add(dag, &spec);
	spec = (struct nw_dag_spec){ .name = "greedy", .class_idx = 1 };
	spec.need.amount[NW_RESOURCE_CPU] = 3500;
	CHECK_INT(nw_dag_add(dag, &spec, NULL, &diag), ==, -ENOSPC);
	check_says("the quota has 3000");
	nw_dag_destroy(dag);
}

/* ---- commit ---- */

TEST(a_missing_dependency_names_both)
{
	struct nw_dag *dag = begin();
	nw_dag_id b = add_after(dag, "b", "a", NULL);

	CHECK_INT(nw_dag_commit(dag, 0, &diag), ==, -ENOENT);
	CHECK_STR(diag.text, "task \"b\" cannot wait for \"a\": there is no such task");
	check_done(dag);
	(void)add(dag, &(struct nw_dag_spec){ .name = "a" });
	commit(dag);
	check_is(dag, b, NW_DAG_PENDING, NW_DAG_NO_REASON);
	nw_dag_destroy(dag);
}

TEST(a_cycle_is_told_as_a_path)
{
	struct nw_dag *dag = begin();

	(void)add_after(dag, "a", "c", NULL);
	(void)add_after(dag, "b", "a", NULL);
	(void)add_after(dag, "c", "b", NULL);
	(void)add_after(dag, "d", "c", NULL);
	CHECK_INT(nw_dag_commit(dag, 0, &diag), ==, -ELOOP);
	CHECK_STR(diag.text, "cycle: a -> b -> c -> a");
	CHECK_INT(nw_dag_commit(dag, 0, NULL), ==, -ELOOP);
	nw_dag_drop(dag);
	CHECK_INT(nw_dag_find(dag, "a").value, ==, 0);
	(void)add_after(dag, "a", "a", NULL);
	CHECK_INT(nw_dag_commit(dag, 0, &diag), ==, -ELOOP);
	CHECK_STR(diag.text, "cycle: a -> a");
	nw_dag_destroy(dag);
}

TEST(a_long_cycle_is_cut)
{
	struct nw_dag *dag = begin();
	char name[24], before[24];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "task%d", i);
		(void)snprintf(before, sizeof(before), "task%d", (i + 999) % 1000);
		(void)add_after(dag, name, before, NULL);
	}
	CHECK_INT(nw_dag_commit(dag, 0, &diag), ==, -ELOOP);
	check_says("-> ... -> task0");
	nw_dag_destroy(dag);
}

TEST(a_link_may_close_a_cycle_through_what_is_there)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_after(dag, "a", NULL, NULL), b = add_after(dag, "b", "a", NULL);
	nw_dag_id c = add_after(dag, "c", "b", NULL);
	struct nw_dag_picture *picture;
	struct nw_rcu_thread *thread;

	commit(dag);
	CHECK_INT(nw_dag_link(dag, c, b, &diag), ==, 0);
	CHECK_INT(nw_dag_commit(dag, 0, &diag), ==, -ELOOP);
	check_says("b -> c -> b");
	CHECK_INT(nw_rcu_register(&thread, nw_dag_rcu(dag), "test"), ==, 0);
	CHECK_INT(nw_dag_picture_take(dag, thread, &picture), ==, 0);
	CHECK_INT(picture->edge_count, ==, 2);
	nw_dag_picture_destroy(picture);
	nw_rcu_unregister(thread);
	nw_dag_drop(dag);
	check_start(dag, a, 0);
	end_task(dag, a, true);
	check_start(dag, b, 0);
	nw_dag_destroy(dag);
}

TEST(links_are_refused_where_nothing_waits)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_after(dag, "a", NULL, NULL), b = add_after(dag, "b", "a", NULL), c;

	commit(dag);
	CHECK_INT(nw_dag_link(dag, b, b, &diag), ==, -ELOOP);
	CHECK_INT(nw_dag_link(dag, b, (nw_dag_id){ 99 }, &diag), ==, -ESTALE);
	CHECK_INT(nw_dag_link(dag, (nw_dag_id){ 0 }, b, &diag), ==, -ESTALE);
	CHECK_INT(nw_dag_link(dag, b, a, &diag), ==, -EBUSY);
	c = add_after(dag, "c", NULL, NULL);
	CHECK_INT(nw_dag_link(dag, c, b, &diag), ==, 0);
	check_start(dag, a, 0);
	end_task(dag, a, true);
	check_start(dag, b, 0);
	CHECK_INT(nw_dag_commit(dag, 0, &diag), ==, -EBUSY);
	check_says("\"b\" cannot wait for \"c\": it does not wait any more");
	nw_dag_drop(dag);
	end_task(dag, b, true);
	check_done(dag);
	nw_dag_destroy(dag);
}

TEST(a_dependency_named_twice_counts_once)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_after(dag, "a", NULL, NULL), b = add_after(dag, "b", "a", "a");

	CHECK_INT(nw_dag_link(dag, a, b, &diag), ==, 0);
	commit(dag);
	check_start(dag, a, 0);
	end_task(dag, a, true);
	check_start(dag, b, 0);
	nw_dag_destroy(dag);
}

TEST(a_graph_grows_while_it_runs)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_after(dag, "a", NULL, NULL), b = add_after(dag, "b", "a", NULL), c, d;

	commit(dag);
	check_start(dag, a, 0);
	c = add_after(dag, "c", "a", NULL);
	CHECK_INT(nw_dag_link(dag, c, b, &diag), ==, 0);
	check_wait(dag, 0, UINT64_MAX);
	commit(dag);
	end_task(dag, a, true);
	check_start(dag, c, 0);
	check_wait(dag, 0, UINT64_MAX);
	end_task(dag, c, true);
	check_start(dag, b, 0);
	end_task(dag, b, true);
	check_done(dag);
	d = add_after(dag, "d", "b", "c");
	commit(dag);
	check_start(dag, d, 0);
	end_task(dag, d, true);
	check_done(dag);
	nw_dag_destroy(dag);
}

TEST(what_was_done_before_is_not_run)
{
	struct nw_dag *dag = begin();
	nw_dag_id b;
	struct nw_dag_spec done = { .name = "a", .is_done = true };

	done.need.amount[NW_RESOURCE_CPU] = UINT64_MAX;
	check_is(dag, (add(dag, &done), nw_dag_find(dag, "a")), NW_DAG_PENDING, NW_DAG_NO_REASON);
	b = add_after(dag, "b", "a", NULL);
	commit(dag);
	check_is(dag, nw_dag_find(dag, "a"), NW_DAG_COMPLETED, NW_DAG_NO_REASON);
	check_start(dag, b, 0);
	nw_dag_destroy(dag);
}

/* ---- failure ---- */

TEST(a_failure_cancels_descendants_and_nothing_else)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_after(dag, "a", NULL, NULL), b = add_after(dag, "b", NULL, NULL);
	nw_dag_id c = add_after(dag, "c", "a", "b"), d = add_after(dag, "d", "c", NULL);
	nw_dag_id e = add_after(dag, "e", "b", NULL), f;

	commit(dag);
	check_start(dag, a, 0);
	check_start(dag, b, 0);
	end_task(dag, a, false);
	check_is(dag, a, NW_DAG_FAILED, NW_DAG_RESULT);
	check_is(dag, c, NW_DAG_CANCELLED, NW_DAG_DEPENDENCY);
	check_is(dag, d, NW_DAG_CANCELLED, NW_DAG_DEPENDENCY);
	CHECK(info(dag, d).cause.value == a.value);
	check_is(dag, b, NW_DAG_RUNNING, NW_DAG_NO_REASON);
	f = add_after(dag, "f", "d", "b");
	commit(dag);
	check_is(dag, f, NW_DAG_CANCELLED, NW_DAG_DEPENDENCY);
	CHECK(info(dag, f).cause.value == a.value);
	end_task(dag, b, true);
	check_start(dag, e, 0);
	end_task(dag, e, true);
	check_done(dag);
	CHECK_INT(nw_dag_ended(dag, e, true, 0), ==, -ESTALE);
	CHECK_INT(nw_dag_ended(dag, d, true, 0), ==, -ESTALE);
	CHECK_INT(nw_dag_ended(dag, (nw_dag_id){ 0 }, true, 0), ==, -ESTALE);
	nw_dag_destroy(dag);
}

TEST(tries_wait_twice_as_long_each_time)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add(dag, &(struct nw_dag_spec){ .name = "a",
						      .retry_max = 3,
						      .retry_wait_ns = 10,
						      .retry_wait_max_ns = 35 });
	struct nw_dag_counts counts;
	const uint64_t waits[] = { 10, 20, 35 };
	uint64_t now_ns = 100;

	commit(dag);
	for (int i = 0; i < 3; i++) {
		check_start(dag, a, now_ns);
		CHECK_INT(nw_dag_ended(dag, a, false, now_ns), ==, 0);
		check_is(dag, a, NW_DAG_READY, NW_DAG_NO_REASON);
		check_wait(dag, now_ns, now_ns + waits[i]);
		check_wait(dag, now_ns + waits[i] - 1, now_ns + waits[i]);
		now_ns += waits[i];
	}
	check_start(dag, a, now_ns);
	CHECK_INT(info(dag, a).attempt, ==, 4);
	end_task(dag, a, false);
	check_is(dag, a, NW_DAG_FAILED, NW_DAG_RESULT);
	nw_dag_counts(dag, &counts);
	CHECK_INT(counts.started_count, ==, 4);
	CHECK_INT(counts.retry_count, ==, 3);
	CHECK_INT(counts.state_count[NW_DAG_FAILED], ==, 1);
	CHECK_INT(counts.task_count, ==, 1);
	nw_dag_destroy(dag);
}

TEST(a_try_without_wait_is_at_once)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add(dag, &(struct nw_dag_spec){ .name = "a", .retry_max = 1 });

	commit(dag);
	check_start(dag, a, 0);
	end_task(dag, a, false);
	check_start(dag, a, 0);
	end_task(dag, a, true);
	check_is(dag, a, NW_DAG_COMPLETED, NW_DAG_NO_REASON);
	nw_dag_destroy(dag);
}

TEST(a_time_out_stops_a_try_once)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add(dag,
			  &(struct nw_dag_spec){ .name = "a", .timeout_ns = 50, .retry_max = 1 });
	struct nw_dag_step step;
	struct nw_dag_counts counts;

	commit(dag);
	for (uint64_t try_idx = 0; try_idx < 2; try_idx++) {
		uint64_t now_ns = 100 * try_idx;

		check_start(dag, a, now_ns);
		check_wait(dag, now_ns, now_ns + 50);
		step = next_at(dag, now_ns + 50);
		CHECK_INT(step.kind, ==, NW_DAG_STOP);
		CHECK_INT(step.reason, ==, NW_DAG_TIMEOUT);
		CHECK_INT(step.attempt, ==, try_idx + 1);
		check_wait(dag, now_ns + 60, UINT64_MAX);
		CHECK_INT(nw_dag_ended(dag, a, false, now_ns + 70), ==, 0);
	}
	check_is(dag, a, NW_DAG_FAILED, NW_DAG_TIMEOUT);
	nw_dag_counts(dag, &counts);
	CHECK_INT(counts.timeout_count, ==, 2);
	check_done(dag);
	nw_dag_destroy(dag);
}

TEST(who_is_faster_than_the_stop_is_completed)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add(dag, &(struct nw_dag_spec){ .name = "a", .timeout_ns = 50 });
	nw_dag_id b = add_after(dag, "b", "a", NULL), c = add_after(dag, "c", NULL, NULL);
	nw_dag_id d = add_after(dag, "d", "c", NULL);

	commit(dag);
	check_start(dag, a, 0);
	check_start(dag, c, 0);
	CHECK_INT(nw_dag_cancel(dag, c, 0), ==, 0);
	CHECK_INT(nw_dag_ended(dag, c, true, 1), ==, 0); /* before its STOP was told */
	CHECK_INT(next_at(dag, 60).kind, ==, NW_DAG_STOP);
	CHECK_INT(nw_dag_ended(dag, a, true, 61), ==, 0);
	check_is(dag, a, NW_DAG_COMPLETED, NW_DAG_NO_REASON);
	check_is(dag, c, NW_DAG_COMPLETED, NW_DAG_NO_REASON);
	check_is(dag, d, NW_DAG_CANCELLED, NW_DAG_WISH);
	check_start(dag, b, 70);
	nw_dag_destroy(dag);
}

TEST(cancel_reaches_every_state)
{
	struct nw_dag *dag = begin();
	nw_dag_id running = add_cpu(dag, "running", 4000), ready = add_cpu(dag, "ready", 4000);
	nw_dag_id below = add_after(dag, "below", "running", NULL), last;

	commit(dag);
	check_start(dag, running, 0);
	CHECK_INT(nw_dag_cancel(dag, ready, 0), ==, 0);
	check_is(dag, ready, NW_DAG_CANCELLED, NW_DAG_WISH);
	CHECK_INT(nw_dag_forget(dag, ready), ==, 0);
	CHECK_INT(nw_dag_cancel(dag, ready, 0), ==, -ESTALE);
	CHECK_INT(nw_dag_cancel(dag, running, 0), ==, 0);
	check_is(dag, below, NW_DAG_CANCELLED, NW_DAG_WISH);
	CHECK(info(dag, below).cause.value == running.value);
	last = add_after(dag, "last", "running", NULL);
	commit(dag);
	CHECK_INT(next_at(dag, 0).kind, ==, NW_DAG_STOP);
	check_wait(dag, 0, UINT64_MAX);
	end_task(dag, running, false);
	check_is(dag, running, NW_DAG_CANCELLED, NW_DAG_WISH);
	check_is(dag, last, NW_DAG_CANCELLED, NW_DAG_WISH);
	CHECK_INT(nw_dag_cancel(dag, running, 0), ==, 0);
	check_done(dag);
	nw_dag_destroy(dag);
}

TEST(cancel_all_leaves_nothing)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_cpu(dag, "a", 4000), b = add_cpu(dag, "b", 4000);
	nw_dag_id c = add_after(dag, "c", "a", "b");
	nw_dag_id r = add(
		dag, &(struct nw_dag_spec){
			     .name = "r", .priority = 1, .retry_max = 1, .retry_wait_ns = 1000 });

	commit(dag);
	check_start(dag, r, 0);
	end_task(dag, r, false);
	check_start(dag, a, 0);
	nw_dag_cancel_all(dag, 0);
	check_is(dag, b, NW_DAG_CANCELLED, NW_DAG_WISH);
	check_is(dag, c, NW_DAG_CANCELLED, NW_DAG_WISH);
	check_is(dag, r, NW_DAG_CANCELLED, NW_DAG_WISH);
	CHECK_INT(next_at(dag, 0).kind, ==, NW_DAG_STOP);
	end_task(dag, a, false);
	check_done(dag);
	nw_dag_destroy(dag);
}

/* ---- admission ---- */

TEST(resources_are_taken_and_given_back)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_cpu(dag, "a", 3000), b = add_cpu(dag, "b", 2000);
	nw_dag_id c = add_cpu(dag, "c", 1000);
	struct nw_resource used, most;

	commit(dag);
	check_start(dag, a, 0);
	check_start(dag, c, 0); /* passes b */
	check_wait(dag, 0, UINT64_MAX);
	nw_dag_used(dag, UINT32_MAX, &used, &most);
	CHECK_INT(used.amount[NW_RESOURCE_CPU], ==, 4000);
	end_task(dag, c, true);
	check_wait(dag, 0, UINT64_MAX);
	end_task(dag, a, false);
	check_start(dag, b, 0);
	nw_dag_used(dag, 0, &used, &most);
	CHECK_INT(used.amount[NW_RESOURCE_CPU], ==, 2000);
	CHECK_INT(most.amount[NW_RESOURCE_CPU], ==, 4000);
	nw_dag_used(dag, 0, NULL, NULL);
	nw_dag_destroy(dag);
}

TEST(nobody_is_passed_for_ever)
{
	for (enum nw_dag_order order = 0; order < NW_DAG_ORDER_COUNT; order++) {
		const struct nw_dag_class classes[2] = { { .weight = 1 }, { .weight = 1 } };
		struct nw_dag *dag = begin_with(&(struct nw_dag_options){ .capacity = &four_cpus,
									  .node_count = 1,
									  .pass_max = 3,
									  .order = order,
									  .class_count = 2,
									  .classes = classes });
		nw_dag_id small[2] = { add_cpu(dag, "first", 1000) }, big;
		uint32_t passed = 0;
		char name[24];

		commit(dag);
		check_start(dag, small[0], 0);
		big = add(dag, &(struct nw_dag_spec){
				       .name = "big", .class_idx = 1, .need = { { 4000 } } });
		commit(dag);
		for (int i = 0; i < 10; i++) {
			struct nw_dag_step step;

			(void)snprintf(name, sizeof(name), "small%d", i);
			small[1] = add_cpu(dag, name, 1000);
			commit(dag);
			step = next_at(dag, 0);
			if (step.kind != NW_DAG_START)
				break;
			CHECK(step.task.value == small[1].value);
			passed++;
			end_task(dag, small[0], true);
			small[0] = small[1];
		}
		CHECK_INT(passed, >=, 3);
		CHECK_INT(passed, <=, 4);
		end_task(dag, small[0], true);
		check_start(dag, big, 0);
		nw_dag_destroy(dag);
	}
}

TEST(running_max_limits_what_needs_nothing)
{
	struct nw_dag *dag = begin_with(&(struct nw_dag_options){
		.capacity = &four_cpus, .node_count = 1, .running_max = 1 });
	nw_dag_id a = add_after(dag, "a", NULL, NULL), b = add_after(dag, "b", NULL, NULL);

	commit(dag);
	check_start(dag, a, 0);
	check_wait(dag, 0, UINT64_MAX);
	end_task(dag, a, true);
	check_start(dag, b, 0);
	nw_dag_destroy(dag);
}

TEST(a_node_is_preferred_or_demanded)
{
	const struct nw_resource nodes[2] = { { { 1000 } }, { { 1000 } } };
	struct nw_dag *dag = begin_with(
		&(struct nw_dag_options){ .capacity = nodes, .node_count = 2 });
	struct nw_dag_spec spec = {
		.name = "a", .need = { { 1000 } }, .has_node = true, .node_idx = 1
	};
	nw_dag_id b;

	(void)add(dag, &spec);
	commit(dag);
	CHECK_INT(next_at(dag, 0).node_idx, ==, 1);
	spec.name = "b";
	spec.is_node_strict = true;
	b = add(dag, &spec);
	commit(dag);
	check_wait(dag, 0, UINT64_MAX);
	spec.name = "c";
	spec.is_node_strict = false;
	(void)add(dag, &spec);
	commit(dag);
	CHECK_INT(next_at(dag, 0).node_idx, ==, 0);
	end_task(dag, nw_dag_find(dag, "a"), true);
	check_start(dag, b, 0);
	nw_dag_destroy(dag);
}

TEST(the_least_used_node_is_taken)
{
	const struct nw_resource nodes[2] = { { { 4000, 100 } }, { { 2000, 100 } } };
	struct nw_dag *dag = begin_with(
		&(struct nw_dag_options){ .capacity = nodes, .node_count = 2 });

	for (int i = 0; i < 6; i++)
		(void)add_cpu(dag, (const char *[]){ "a", "b", "c", "d", "e", "f" }[i], 1000);
	commit(dag);
	/* By share of the whole: 0/4, 0/2 -> 0; 1/4, 0/2 -> 1; 1/4, 1/2 -> 0; 2/4, 1/2 -> 0; ... */
	for (int i = 0; i < 6; i++)
		CHECK_INT(next_at(dag, 0).node_idx, ==, ((int[]){ 0, 1, 0, 0, 1, 0 })[i]);
	nw_dag_destroy(dag);
}

TEST(a_quota_holds_its_class_only)
{
	const struct nw_resource quota = { { 1000 } };
	const struct nw_dag_class classes[2] = { { .quota = &quota }, { .weight = 1 } };
	struct nw_dag *dag = begin_with(&(struct nw_dag_options){ .capacity = &four_cpus,
								  .node_count = 1,
								  .class_count = 2,
								  .classes = classes,
								  .pass_max = 1,
								  .order = NW_DAG_ORDER_FIFO });
	nw_dag_id a = add_cpu(dag, "a", 1000), b = add_cpu(dag, "b", 1000), c[3];

	for (int i = 0; i < 3; i++)
		c[i] = add(dag, &(struct nw_dag_spec){ .name = (const char *[]){ "c", "d", "e" }[i],
						       .class_idx = 1,
						       .need = { { 1000 } } });
	commit(dag);
	check_start(dag, a, 0);
	for (int i = 0; i < 3; i++)
		check_start(dag, c[i], 0);
	check_wait(dag, 0, UINT64_MAX);
	end_task(dag, c[0], true);
	check_wait(dag, 0, UINT64_MAX);
	end_task(dag, a, true);
	check_start(dag, b, 0);
	nw_dag_destroy(dag);
}

TEST(a_bucket_lets_tokens_out_exactly)
{
	const struct nw_dag_class class = { .start_per_s = 3, .start_burst = 2 };
	struct nw_dag *dag = begin_with(&(struct nw_dag_options){ .capacity = &four_cpus,
								  .node_count = 1,
								  .class_count = 1,
								  .classes = &class,
								  .order = NW_DAG_ORDER_FIFO });
	nw_dag_id ids[5];
	char name[24];

	for (int i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "t%d", i);
		ids[i] = add_after(dag, name, NULL, NULL);
	}
	commit(dag);
	check_start(dag, ids[0], 7);
	check_start(dag, ids[1], 7);
	check_wait(dag, 7, 333333341); /* ceil(10^9 / 3) later */
	check_wait(dag, 333333340, 333333341);
	check_start(dag, ids[2], 333333341);
	check_wait(dag, 333333341, 666666674);
	check_start(dag, ids[3], 666666674);
	check_start(dag, ids[4], 2000000000);
	nw_dag_destroy(dag);
}

TEST(priority_then_the_longest_way)
{
	struct nw_dag *dag = begin_with(&(struct nw_dag_options){
		.capacity = &four_cpus, .node_count = 1, .running_max = 1 });
	nw_dag_id low = add(
		dag, &(struct nw_dag_spec){ .name = "low", .priority = -1, .cost_ns = 1000 });
	nw_dag_id near = add(dag, &(struct nw_dag_spec){ .name = "near", .cost_ns = 10 });
	nw_dag_id far = add(dag, &(struct nw_dag_spec){ .name = "far", .cost_ns = 1 });
	nw_dag_id high = add(dag, &(struct nw_dag_spec){ .name = "high", .priority = 1 });

	(void)add_after(dag, "x", "far", NULL);
	commit(dag);
	CHECK_INT(info(dag, far).path_ns, ==, 2);
	(void)add(dag, &(struct nw_dag_spec){ .name = "y",
					      .deps = (const char *[]){ "x" },
					      .dep_count = 1,
					      .cost_ns = 20 });
	commit(dag); /* lengthens what was there */
	CHECK_INT(info(dag, far).path_ns, ==, 22);
	CHECK_INT(info(dag, nw_dag_find(dag, "x")).path_ns, ==, 21);
	check_start(dag, high, 0);
	end_task(dag, high, true);
	check_start(dag, near, 0); /* far was put with a way of 2 */
	end_task(dag, near, true);
	check_start(dag, far, 0);
	end_task(dag, far, true);
	check_start(dag, nw_dag_find(dag, "x"), 0);
	end_task(dag, nw_dag_find(dag, "x"), true);
	check_start(dag, nw_dag_find(dag, "y"), 0);
	end_task(dag, nw_dag_find(dag, "y"), true);
	check_start(dag, low, 0);
	nw_dag_destroy(dag);
}

/* ---- capabilities ---- */

TEST(a_task_without_its_right_fails)
{
	struct nw_caps *caps;
	struct nw_rcu *rcu;
	struct nw_rcu_thread *thread;
	nw_cap cap;
	struct nw_dag *dag;
	nw_dag_id a, b, c, d;

	CHECK_INT(nw_caps_create(&caps, NW_NODE_ANY, 16, 16), ==, 0);
	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_rcu_register(&thread, rcu, "test"), ==, 0);
	CHECK_INT(nw_caps_mint(caps, NW_CAP_FILE, 1, 1,
			       &(struct nw_cap_terms){ .rights = NW_CAP_READ | NW_CAP_EXEC }, &cap),
		  ==, 0);
	dag = begin_with(&(struct nw_dag_options){ .capacity = &four_cpus,
						   .node_count = 1,
						   .caps = caps,
						   .order = NW_DAG_ORDER_FIFO });
	a = add(dag, &(struct nw_dag_spec){ .name = "a", .cap = cap, .cap_rights = NW_CAP_WRITE });
	b = add_after(dag, "b", "a", NULL);
	c = add(dag, &(struct nw_dag_spec){ .name = "c", .cap = cap, .cap_rights = NW_CAP_EXEC });
	commit(dag);
	check_start(dag, c, 0);
	check_is(dag, a, NW_DAG_FAILED, NW_DAG_RIGHT);
	check_is(dag, b, NW_DAG_CANCELLED, NW_DAG_DEPENDENCY);
	CHECK_INT(nw_caps_revoke(caps, thread, (nw_cap){ 0 }, cap), ==, 0);
	nw_rcu_barrier(thread);
	CHECK(!nw_caps_is_gone(caps, cap)); /* c holds it */
	d = add(dag, &(struct nw_dag_spec){ .name = "d", .cap = cap });
	commit(dag);
	check_wait(dag, 0, UINT64_MAX);
	check_is(dag, d, NW_DAG_FAILED, NW_DAG_RIGHT);
	end_task(dag, c, true);
	CHECK(nw_caps_is_gone(caps, cap));
	nw_dag_destroy(dag);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu);
	nw_caps_destroy(caps);
}

/* ---- forget, pictures ---- */

TEST(a_forgotten_name_is_free_and_its_id_stale)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_after(dag, "a", NULL, NULL), b = add_after(dag, "b", "a", NULL), again;
	struct nw_dag_info got;

	CHECK_INT(nw_dag_forget(dag, a), ==, -EBUSY);
	commit(dag);
	CHECK_INT(nw_dag_forget(dag, a), ==, -EBUSY);
	check_start(dag, a, 0);
	CHECK_INT(nw_dag_forget(dag, a), ==, -EBUSY);
	end_task(dag, a, true);
	CHECK_INT(nw_dag_forget(dag, a), ==, 0);
	CHECK_INT(nw_dag_forget(dag, a), ==, -ESTALE);
	CHECK_INT(nw_dag_info(dag, a, &got), ==, -ESTALE);
	again = add_after(dag, "a", "b", NULL);
	CHECK(again.value != a.value);
	commit(dag);
	check_start(dag, b, 0);
	end_task(dag, b, true);
	check_start(dag, again, 0);
	nw_dag_destroy(dag);
}

TEST(forgetting_keeps_a_growing_graph_small)
{
	struct nw_dag *dag = begin();
	nw_dag_id before = add_after(dag, "t0", NULL, NULL);
	char name[24], last[24] = "t0";
	uint64_t slot_max = 0;

	commit(dag);
	for (int i = 1; i < 2000; i++) {
		nw_dag_id id;

		(void)snprintf(name, sizeof(name), "t%d", i);
		id = add_after(dag, name, last, NULL);
		commit(dag);
		check_start(dag, before, 0);
		end_task(dag, before, true);
		CHECK_INT(nw_dag_forget(dag, before), ==, 0);
		memcpy(last, name, sizeof(last));
		before = id;
		slot_max = (id.value & UINT32_MAX) > slot_max ? id.value & UINT32_MAX : slot_max;
	}
	CHECK_INT(slot_max, <=, 2);
	nw_dag_destroy(dag);
}

TEST(a_picture_shows_tasks_and_edges)
{
	struct nw_dag *dag = begin();
	nw_dag_id a = add_after(dag, "a", NULL, NULL), b = add_after(dag, "b", "a", NULL);
	struct nw_rcu_thread *thread;
	struct nw_dag_picture *picture;

	CHECK_INT(nw_rcu_register(&thread, nw_dag_rcu(dag), "test"), ==, 0);
	CHECK_INT(nw_dag_picture_take(dag, thread, &picture), ==, 0);
	CHECK_INT(picture->task_count, ==, 0); /* the batch is not part of it */
	nw_dag_picture_destroy(picture);
	(void)add_after(dag, "c", "a", "b");
	commit(dag);
	check_start(dag, a, 3);
	CHECK_INT(nw_dag_picture_take(dag, thread, &picture), ==, 0);
	CHECK(picture->is_instant);
	CHECK_INT(picture->task_count, ==, 3);
	CHECK_INT(picture->edge_count, ==, 3);
	CHECK_STR(picture->tasks[0].name, "a");
	CHECK_INT(picture->tasks[0].state, ==, NW_DAG_RUNNING);
	CHECK_INT(picture->tasks[0].start_ns, ==, 3);
	CHECK_INT(picture->tasks[0].edge_count, ==, 2);
	CHECK_INT(picture->edges[picture->tasks[0].edge_idx], ==, 1);
	CHECK_INT(picture->edges[picture->tasks[0].edge_idx + 1], ==, 2);
	CHECK_INT(picture->tasks[1].state, ==, NW_DAG_PENDING);
	end_task(dag, a, true);
	CHECK_INT(nw_dag_forget(dag, a), ==, 0);
	CHECK_STR(picture->tasks[0].name, "a"); /* the picture is the reader's */
	nw_dag_picture_destroy(picture);
	CHECK_INT(nw_dag_picture_take(dag, thread, &picture), ==, 0);
	CHECK_INT(picture->task_count, ==, 2);
	CHECK(picture->tasks[0].id.value == b.value);
	nw_dag_picture_destroy(picture);
	nw_dag_picture_destroy(NULL);
	nw_rcu_unregister(thread);
	nw_dag_destroy(dag);
}

TEST(names_of_enumerations)
{
	enum nw_dag_order order = NW_DAG_ORDER_COUNT;

	CHECK_STR(nw_dag_state_name(NW_DAG_CANCELLED), "cancelled");
	CHECK_STR(nw_dag_state_name(NW_DAG_STATE_COUNT), "?");
	CHECK_STR(nw_dag_reason_name(NW_DAG_TIMEOUT), "timeout");
	CHECK_STR(nw_dag_reason_name(NW_DAG_REASON_COUNT), "?");
	CHECK(nw_dag_order_by_name("sturmian", &order));
	CHECK_INT(order, ==, NW_DAG_ORDER_STURMIAN);
	CHECK(!nw_dag_order_by_name("best", &order));
}

/* ---- timers ---- */

TEST(timers_ring_in_order_whatever_is_unset)
{
	enum { COUNT = 200 };
	struct nwi_timers timers = { 0 };
	struct nwi_timer all[COUNT] = { 0 }, *first;
	uint64_t last_ns = 0, left = 0;

	CHECK_INT(nwi_timers_reserve(&timers, COUNT), ==, 0);
	CHECK(!nwi_timers_first(&timers));
	for (uint64_t i = 0; i < COUNT; i++)
		nwi_timers_set(&timers, &all[i], i * 7919 % 211);
	for (uint64_t i = 0; i < COUNT; i += 3)
		nwi_timers_unset(&timers, &all[i]);
	nwi_timers_unset(&timers, &all[0]); /* not set: nothing */
	while ((first = nwi_timers_first(&timers)) != NULL) {
		CHECK_INT(first->at_ns, >=, last_ns);
		last_ns = first->at_ns;
		nwi_timers_unset(&timers, first);
		left++;
	}
	CHECK_INT(left, ==, COUNT - (COUNT + 2) / 3);
	nwi_timers_fini(&timers);
}
