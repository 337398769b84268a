/* SPDX-License-Identifier: MIT */
/* RCU from one thread that holds several handles, so that every interleaving of readers and writers
 * that matters can be written down. Each claim about both flavours is tried on each of them, with
 * and without full fences; membarrier(2) is refused by a wrapped syscall(), and a thread that the
 * library started would end the test. */
#include "nw_test.h"

#include "lib/fault.h"
#include "lib/step.h"

#include <nw/rcu.h>

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { ALIVE = 0x600d, DEAD = 0xdead, NODES_MAX = 256, ANY = -1, HANGS_S = 10 };

struct node {
	uint64_t magic;
	struct nw_rcu_head head;
};

static struct node nodes[NODES_MAX];
static uint64_t run_count;
static struct nw_rcu_thread *run_by;
static int membarrier_error;        /* 0: the kernel answers */
static long refused_command = ANY;  /* which fails with it */
static uint64_t syscall_count;      /* through syscall(): membarrier, futex */
static void (*on_membarrier)(void); /* before the next call, once */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	syscall_count++;
	if (number == SYS_membarrier) {
		void (*hook)(void) = on_membarrier;

		on_membarrier = NULL;
		if (hook)
			hook();
		if (membarrier_error != 0 && (refused_command == ANY || refused_command == a[0])) {
			errno = membarrier_error;
			return -1;
		}
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The library starts no thread: one would end the test. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *arg)
{
	(void)thread, (void)attr, (void)run, (void)arg;
	FAIL("a hidden thread");
	return EAGAIN;
}

static struct nw_rcu *new_domain(enum nw_rcu_flavour flavour, bool full_fences)
{
	struct nw_rcu_options options = { .flavour = flavour, .full_fences = full_fences };
	struct nw_rcu *rcu;

	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, &options), ==, 0);
	return rcu;
}

static struct nw_rcu_thread *join(struct nw_rcu *rcu, const char *name)
{
	struct nw_rcu_thread *thread;

	CHECK_INT(nw_rcu_register(&thread, rcu, name), ==, 0);
	return thread;
}

static struct nw_rcu_stats stats_of(const struct nw_rcu *rcu)
{
	struct nw_rcu_stats stats;

	nw_rcu_stats(rcu, &stats);
	return stats;
}

/* A handle that holds nobody up yet, of either flavour. */
static struct nw_rcu_thread *join_outside(struct nw_rcu *rcu, const char *name)
{
	struct nw_rcu_thread *thread = join(rcu, name);

	nw_rcu_offline(thread);
	return thread;
}

static void enter(struct nw_rcu_thread *thread)
{
	nw_rcu_online(thread);
	nw_rcu_read_lock(thread);
}

static void leave(struct nw_rcu_thread *thread)
{
	nw_rcu_read_unlock(thread);
	nw_rcu_offline(thread);
}

/* Tries a claim on both flavours, each with both kinds of fences, in domains of their own. */
static void on_each(void (*claim)(struct nw_rcu *rcu))
{
	for (int kind = 0; kind < 4; kind++) {
		struct nw_rcu *rcu = new_domain(kind & 1 ? NW_RCU_QUIESCENT : NW_RCU_GENERAL,
						(kind & 2) != 0);

		run_count = 0;
		claim(rcu);
	}
}

static void mark_dead(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct node *node = ptr;

	CHECK(arg == &nodes);
	CHECK_INT(node->magic, ==, ALIVE);
	node->magic = DEAD;
	run_by = thread;
	run_count++;
}

static void call(struct nw_rcu_thread *thread, int i)
{
	nodes[i].magic = ALIVE;
	nw_rcu_call(thread, &nodes[i].head, &nodes[i], mark_dead, &nodes);
}

TEST(says_what_it_cannot_create)
{
	struct nw_rcu_options options = { .flavour = (enum nw_rcu_flavour)7 };
	struct nw_rcu *rcu = NULL;

	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, &options), ==, -EINVAL);
	CHECK_INT(nw_rcu_create(&rcu, (nw_node){ 999 }, NULL), ==, -ENODEV);
	for (unsigned nth = 1; nth <= 2; nth++) {
		long before = fault_mapped_bytes();

		fault_set(FAULT_MMAP, nth, 1, ENOMEM);
		CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, NULL), ==, -ENOMEM);
		fault_clear();
		CHECK_INT(fault_mapped_bytes(), ==, before);
	}
	CHECK(!rcu);
	nw_rcu_destroy(NULL);
	nw_rcu_unregister(NULL);
	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(stats_of(rcu).flavour, ==, NW_RCU_GENERAL);
}

TEST(no_memory_for_another_handle_is_an_error)
{
	struct nw_rcu *rcu = new_domain(NW_RCU_GENERAL, false);
	struct nw_rcu_thread *thread = NULL;
	int rc, count = 0;

	fault_set(FAULT_MMAP, 1, 1000, ENOMEM);
	while ((rc = nw_rcu_register(&thread, rcu, "x")) == 0)
		count++;
	fault_clear();
	CHECK_INT(rc, ==, -ENOMEM);
	CHECK_INT(count, >, 1);
	CHECK_INT(stats_of(rcu).thread_count, ==, count);
	CHECK(nw_rcu_domain_of(thread) == rcu);
}

static void nobody_waits_for_nobody(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *self = join(rcu, "self");

	nw_rcu_synchronize(rcu, self);
	nw_rcu_offline(self);
	nw_rcu_synchronize(rcu, NULL);
	nw_rcu_synchronize(rcu, self);
	CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 0, NULL), ==, 0);
	CHECK_INT(stats_of(rcu).period_count, ==, 4);
	nw_rcu_unregister(self);
	CHECK_INT(stats_of(rcu).thread_count, ==, 0);
	nw_rcu_destroy(rcu);
}

TEST(without_a_section_nobody_waits)
{
	on_each(nobody_waits_for_nobody);
}

static void section_holds_up(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *reader = join_outside(rcu, "sleepy");
	struct nw_rcu_stall stall = { .tid = -5 };

	CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 0, &stall), ==, 0);
	CHECK_INT(stall.tid, ==, -5);
	enter(reader);
	CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 0, NULL), ==, -ETIMEDOUT);
	CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 2000000, &stall), ==, -ETIMEDOUT);
	CHECK_STR(stall.name, "sleepy");
	CHECK_INT(stall.tid, ==, gettid());
	CHECK_INT(stall.reader_count, ==, 1);
	CHECK_INT(stall.waited_ns, >=, 2000000);
	leave(reader);
	CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 0, NULL), ==, 0);
}

TEST(a_section_holds_up_and_is_named)
{
	on_each(section_holds_up);
}

static void stall_counts(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *readers[5];
	struct nw_rcu_stall stall;

	for (int i = 0; i < 5; i++) {
		readers[i] = join_outside(rcu, i == 2 ? "a-name-that-is-too-long" : NULL);
		if (i < 3)
			enter(readers[i]);
	}
	CHECK_INT(nw_rcu_synchronize_for(rcu, readers[3], 0, &stall), ==, -ETIMEDOUT);
	CHECK_INT(stall.reader_count, ==, 3);
	leave(readers[0]);
	leave(readers[1]);
	CHECK_INT(nw_rcu_synchronize_for(rcu, readers[3], 0, &stall), ==, -ETIMEDOUT);
	CHECK_INT(stall.reader_count, ==, 1);
	CHECK_STR(stall.name, "a-name-that-is-");
}

TEST(a_stall_counts_the_readers)
{
	on_each(stall_counts);
}

TEST(a_reader_without_a_name_has_its_threads)
{
	struct nw_rcu *rcu = new_domain(NW_RCU_GENERAL, false);
	struct nw_rcu_stall stall;

	prctl(PR_SET_NAME, "threads-own", 0, 0, 0);
	nw_rcu_read_lock(join(rcu, NULL));
	CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 0, &stall), ==, -ETIMEDOUT);
	CHECK_STR(stall.name, "threads-own");
}

static void later_sections(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *early = join_outside(rcu, "early"), *late = join_outside(rcu, "late");
	nw_rcu_cookie first, second, third;

	enter(early);
	first = nw_rcu_start_poll(rcu);
	enter(late);
	second = nw_rcu_start_poll(rcu);
	CHECK(!nw_rcu_poll(rcu, first));
	leave(early);
	CHECK(nw_rcu_poll(rcu, first));
	CHECK(!nw_rcu_poll(rcu, second));
	leave(late);
	enter(late);
	CHECK(nw_rcu_poll(rcu, second));
	third = nw_rcu_start_poll(rcu);
	CHECK(nw_rcu_poll(rcu, first));
	CHECK(!nw_rcu_poll(rcu, third));
	nw_rcu_unregister(early);
	leave(late);
	CHECK(nw_rcu_poll(rcu, third));
}

TEST(later_sections_hold_up_nothing_earlier)
{
	on_each(later_sections);
}

static void a_later_end_counts(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *reader = join_outside(rcu, "reader");
	nw_rcu_cookie first = nw_rcu_start_poll(rcu), second = nw_rcu_start_poll(rcu);

	CHECK(nw_rcu_poll(rcu, second));
	enter(reader);
	CHECK(nw_rcu_poll(rcu, first));
	CHECK(nw_rcu_poll(rcu, second));
}

TEST(the_end_of_a_later_period_counts_for_earlier_ones)
{
	on_each(a_later_end_counts);
}

TEST(sections_nest)
{
	for (int fences = 0; fences < 2; fences++) {
		struct nw_rcu *rcu = new_domain(NW_RCU_GENERAL, fences > 0);
		struct nw_rcu_thread *reader = join(rcu, "nested");
		nw_rcu_cookie cookie;

		for (uint32_t i = 0; i < NW_RCU_NEST_MAX; i++)
			nw_rcu_read_lock(reader);
		cookie = nw_rcu_start_poll(rcu);
		for (uint32_t i = 1; i < NW_RCU_NEST_MAX; i++) {
			nw_rcu_read_unlock(reader);
			CHECK(!nw_rcu_poll(rcu, cookie));
		}
		/* Going in again inside does not move it to a later period. */
		nw_rcu_read_lock(reader);
		nw_rcu_read_unlock(reader);
		CHECK(!nw_rcu_poll(rcu, cookie));
		nw_rcu_read_unlock(reader);
		CHECK(nw_rcu_poll(rcu, cookie));
	}
}

TEST(announcing_ends_what_came_before)
{
	for (int fences = 0; fences < 2; fences++) {
		struct nw_rcu *rcu = new_domain(NW_RCU_QUIESCENT, fences > 0);
		struct nw_rcu_thread *worker = join(rcu, "worker");
		nw_rcu_cookie cookie = nw_rcu_start_poll(rcu);

		CHECK(!nw_rcu_poll(rcu, cookie));
		nw_rcu_read_lock(worker);
		nw_rcu_read_unlock(worker);
		CHECK(!nw_rcu_poll(rcu, cookie));
		nw_rcu_quiescent(worker);
		CHECK(nw_rcu_poll(rcu, cookie));
		CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 0, NULL), ==, -ETIMEDOUT);
		nw_rcu_synchronize(rcu, worker); /* itself it does not wait for */
		CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 0, NULL), ==, -ETIMEDOUT);
	}
}

TEST(announcing_means_nothing_to_the_general_flavour)
{
	struct nw_rcu *rcu = new_domain(NW_RCU_GENERAL, false);
	struct nw_rcu_thread *reader = join(rcu, "reader");
	nw_rcu_cookie cookie;

	nw_rcu_online(reader);
	nw_rcu_offline(reader);
	nw_rcu_quiescent(reader);
	nw_rcu_read_lock(reader);
	cookie = nw_rcu_start_poll(rcu);
	nw_rcu_offline(reader);
	nw_rcu_quiescent(reader);
	CHECK(!nw_rcu_poll(rcu, cookie));
}

TEST(the_quiescent_flavours_own_sections_last_until_announced)
{
	for (int fences = 0; fences < 2; fences++) {
		struct nw_rcu *rcu = new_domain(NW_RCU_QUIESCENT, fences > 0);
		struct nw_rcu_thread *worker = join(rcu, "worker");
		nw_rcu_cookie cookie = nw_rcu_start_poll(rcu);

		nw_rcu_read_lock_quiescent(worker);
		nw_rcu_read_lock(worker); /* of either kind, inside each other */
		nw_rcu_read_lock_quiescent(worker);
		CHECK(!nw_rcu_poll(rcu, cookie));
		nw_rcu_read_unlock_quiescent(worker);
		nw_rcu_read_unlock(worker);
		nw_rcu_read_unlock_quiescent(worker);
		CHECK(!nw_rcu_poll(rcu, cookie));
		nw_rcu_quiescent(worker);
		CHECK(nw_rcu_poll(rcu, cookie));
	}
}

TEST(the_callable_bodies_do_the_same)
{
	void (*lock_quiescent)(struct nw_rcu_thread *) = nw_rcu_read_lock_quiescent;
	void (*unlock_quiescent)(struct nw_rcu_thread *) = nw_rcu_read_unlock_quiescent;
	void (*lock)(struct nw_rcu_thread *) = nw_rcu_read_lock;
	void (*unlock)(struct nw_rcu_thread *) = nw_rcu_read_unlock;
	void (*announce)(struct nw_rcu_thread *) = nw_rcu_quiescent;
	struct nw_rcu *general = new_domain(NW_RCU_GENERAL, false);
	struct nw_rcu *quiescent = new_domain(NW_RCU_QUIESCENT, false);
	struct nw_rcu_thread *reader = join(general, NULL), *worker = join(quiescent, NULL);
	nw_rcu_cookie cookie = nw_rcu_start_poll(quiescent);

	lock(reader);
	CHECK_INT(nw_rcu_synchronize_for(general, NULL, 0, NULL), ==, -ETIMEDOUT);
	unlock(reader);
	CHECK_INT(nw_rcu_synchronize_for(general, NULL, 0, NULL), ==, 0);
	lock_quiescent(worker);
	unlock_quiescent(worker);
	CHECK(!nw_rcu_poll(quiescent, cookie));
	announce(worker);
	CHECK(nw_rcu_poll(quiescent, cookie));
}

TEST(pointers_go_to_one_reader_and_one_writer)
{
	static int a = 1, b = 2;
	_Atomic(int *) shared = NULL;

	nw_rcu_assign_pointer(&shared, &a);
	CHECK_INT(*nw_rcu_dereference(&shared), ==, 1);
	CHECK(nw_rcu_exchange_pointer(&shared, &b) == &a);
	CHECK(nw_rcu_exchange_pointer(&shared, NULL) == &b);
	CHECK(!nw_rcu_dereference(&shared));
}

static void callbacks_wait(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *reader = join_outside(rcu, "reader");
	struct nw_rcu_thread *writer = join_outside(rcu, "writer");

	CHECK_INT(nw_rcu_run(writer), ==, 0);
	enter(reader);
	call(writer, 0);
	CHECK_INT(nw_rcu_run(writer), ==, 0);
	call(writer, 1);
	CHECK_INT(nw_rcu_run(writer), ==, 0);
	leave(reader);
	enter(reader);
	/* The first one's period is over; the second's begins only now. */
	CHECK_INT(nw_rcu_run(writer), ==, 1);
	CHECK(run_by == writer);
	CHECK_INT(nodes[1].magic, ==, ALIVE);
	leave(reader);
	CHECK_INT(nw_rcu_run(writer), ==, 1);
	CHECK_INT(stats_of(rcu).called_count, ==, 2);
	CHECK_INT(stats_of(rcu).run_count, ==, 2);
}

TEST(a_callback_runs_after_the_sections_before_it)
{
	on_each(callbacks_wait);
}

static int order[8], order_count;

static void note_order(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread, (void)arg;
	order[order_count++] = (int)((struct node *)ptr - nodes);
}

TEST(callbacks_of_a_handle_run_in_order)
{
	struct nw_rcu_thread *thread = join(new_domain(NW_RCU_GENERAL, false), NULL);

	for (int i = 0; i < 8; i++)
		nw_rcu_call(thread, &nodes[i].head, &nodes[i], note_order, NULL);
	CHECK_INT(nw_rcu_run(thread), ==, 8);
	for (int i = 0; i < 8; i++)
		CHECK_INT(order[i], ==, i);
}

/* Calls the next, until the last. */
static void call_next(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct node *node = ptr;

	CHECK_INT(nw_rcu_run(thread), ==, 0);
	nw_rcu_read_lock(thread);
	nw_rcu_read_unlock(thread);
	run_count++;
	if (node != arg)
		nw_rcu_call(thread, &node[1].head, node + 1, call_next, arg);
}

static void callbacks_call(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *thread = join(rcu, "x");
	uint64_t n = 0;

	nw_rcu_call(thread, &nodes[0].head, &nodes[0], call_next, &nodes[9]);
	for (int i = 0; i < 100 && n < 5; i++) {
		nw_rcu_quiescent(thread);
		n += nw_rcu_run(thread);
	}
	CHECK_INT(n, ==, run_count);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu);
	CHECK_INT(run_count, ==, 10);
}

TEST(callbacks_may_call_and_destroy_runs_the_rest)
{
	on_each(callbacks_call);
}

TEST(run_does_nothing_inside_a_section)
{
	struct nw_rcu_thread *thread = join(new_domain(NW_RCU_GENERAL, false), NULL);

	call(thread, 0);
	nw_rcu_read_lock(thread);
	CHECK_INT(nw_rcu_run(thread), ==, 0);
	nw_rcu_read_unlock(thread);
	CHECK_INT(nw_rcu_run(thread), ==, 1);
}

static void barrier_runs_all(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *a = join(rcu, "a"), *b = join_outside(rcu, "b");
	struct nw_rcu_thread *gone = join_outside(rcu, "gone");

	call(a, 0);
	call(b, 1);
	CHECK_INT(nw_rcu_run(b), ==, stats_of(rcu).flavour == NW_RCU_GENERAL ? 1 : 0);
	call(b, 2);
	call(gone, 3);
	call(gone, 4);
	nw_rcu_unregister(gone);
	nw_rcu_barrier(a);
	CHECK_INT(run_count, ==, 5);
	CHECK(run_by == a);
	call(b, 5);
	nw_rcu_barrier(a);
	CHECK_INT(run_count, ==, 6);
	nw_rcu_barrier(b);
	CHECK_INT(nw_rcu_run(b), ==, 0);
	CHECK_INT(stats_of(rcu).run_count, ==, 6);
}

TEST(barrier_runs_everybodys_callbacks)
{
	on_each(barrier_runs_all);
}

static void handed_on(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *stays = join_outside(rcu, "stays"), *goes = join_outside(rcu, "goes");

	enter(stays);
	call(goes, 0);
	CHECK_INT(nw_rcu_run(goes), ==, 0);
	call(goes, 1);
	nw_rcu_unregister(goes);
	CHECK_INT(run_count, ==, 0);
	leave(stays);
	CHECK_INT(nw_rcu_run(stays), ==, 2);
	CHECK(run_by == stays);
	CHECK(join(rcu, "next") == goes); /* its memory was kept for the next */
	CHECK_INT(stats_of(rcu).thread_count_max, ==, 2);
}

TEST(a_thread_that_leaves_hands_its_callbacks_on)
{
	on_each(handed_on);
}

TEST(says_why_fences_are_full)
{
	struct nw_rcu *plain = new_domain(NW_RCU_GENERAL, false), *refused;
	struct nw_rcu_thread *reader;

#if defined(__SANITIZE_THREAD__)
	CHECK_INT(stats_of(plain).fence_reason, ==, -ENOTSUP);
	(void)refused, (void)reader;
#else
	CHECK_INT(stats_of(plain).fence_reason, ==, 0);
	CHECK_INT(stats_of(new_domain(NW_RCU_GENERAL, true)).fence_reason, ==, -ECANCELED);
	membarrier_error = EPERM;
	refused = new_domain(NW_RCU_GENERAL, false);
	reader = join(refused, NULL);
	CHECK_INT(stats_of(refused).fence_reason, ==, -EPERM);
	nw_rcu_read_lock(reader);
	CHECK_INT(nw_rcu_synchronize_for(refused, NULL, 0, NULL), ==, -ETIMEDOUT);
	nw_rcu_read_unlock(reader);
	nw_rcu_synchronize(refused, reader);
	CHECK_INT(stats_of(refused).refused_count, ==, 0);
#endif
}

/* Each step of asking for membarrier may be what is refused; none is asked for again. */
TEST(fences_are_decided_once)
{
	static const long steps[] = { MEMBARRIER_CMD_QUERY,
				      MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED };
	struct nw_rcu *plain = new_domain(NW_RCU_GENERAL, false), *full;

	if (stats_of(plain).fence_reason != 0)
		SKIP("no membarrier to refuse: fences are full here");
	for (int i = 0; i < 2; i++) {
		struct nw_rcu_thread *reader;

		refused_command = steps[i];
		membarrier_error = ENOSYS;
		full = new_domain(NW_RCU_GENERAL, false);
		membarrier_error = 0;
		reader = join(full, NULL);
		syscall_count = 0;
		nw_rcu_read_lock(reader);
		CHECK_INT(nw_rcu_synchronize_for(full, NULL, 0, NULL), ==, -ETIMEDOUT);
		nw_rcu_read_unlock(reader);
		nw_rcu_synchronize(full, reader);
		nw_rcu_barrier(reader);
		CHECK_INT(stats_of(full).fence_reason, ==, -ENOSYS);
		CHECK_INT(syscall_count, ==, 0);
	}
	nw_rcu_synchronize(plain, NULL);
	CHECK_INT(syscall_count, ==, 1);
	CHECK_INT(stats_of(plain).fence_reason, ==, 0);
}

TEST(readers_make_no_system_call)
{
	struct nw_rcu_thread *reader = join(new_domain(NW_RCU_GENERAL, false), NULL);

	syscall_count = 0;
	for (int i = 0; i < 1000; i++) {
		nw_rcu_read_lock(reader);
		nw_rcu_read_unlock(reader);
	}
	call(reader, 0);
	CHECK_INT(syscall_count, ==, 0);
}

TEST(a_late_refusal_begins_no_period)
{
	struct nw_rcu *rcu = new_domain(NW_RCU_GENERAL, false);
	struct nw_rcu_thread *thread = join(rcu, NULL);
	nw_rcu_cookie cookie;

	if (stats_of(rcu).fence_reason != 0)
		SKIP("no membarrier to refuse: fences are full here");
	membarrier_error = EPERM;
	call(thread, 0);
	CHECK_INT(nw_rcu_run(thread), ==, 0);
	CHECK_INT(nw_rcu_synchronize_for(rcu, thread, 1000, NULL), ==, -EAGAIN);
	cookie = nw_rcu_start_poll(rcu);
	CHECK(!nw_rcu_poll(rcu, cookie));
	CHECK_INT(stats_of(rcu).refused_count, ==, 3);
	CHECK_INT(stats_of(rcu).period_count, ==, 0);
	membarrier_error = 0;
	CHECK(!nw_rcu_poll(rcu, cookie));
	CHECK_INT(nw_rcu_run(thread), ==, 1);
	CHECK(!nw_rcu_poll(rcu, cookie));
	CHECK_INT(nw_rcu_synchronize_for(rcu, thread, 1000, NULL), ==, 0);
}

/* Runs in a child; true: an assertion ended it. */
static bool is_assertion(enum nw_rcu_flavour flavour, void (*run)(struct nw_rcu_thread *thread))
{
	struct nw_rcu_thread *thread = join(new_domain(flavour, false), NULL);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct rlimit no_core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		run(thread);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void read_unregistered(struct nw_rcu_thread *thread)
{
	nw_rcu_unregister(thread);
	nw_rcu_read_lock(thread);
}

static void read_offline(struct nw_rcu_thread *thread)
{
	nw_rcu_offline(thread);
	nw_rcu_read_lock(thread);
}

static void read_quiescent_unregistered(struct nw_rcu_thread *thread)
{
	nw_rcu_unregister(thread);
	nw_rcu_read_lock_quiescent(thread);
}

static void read_quiescent_offline(struct nw_rcu_thread *thread)
{
	nw_rcu_offline(thread);
	nw_rcu_read_lock_quiescent(thread);
}

static void read_as_the_other_flavour(struct nw_rcu_thread *thread)
{
	nw_rcu_read_lock(thread);
	nw_rcu_read_lock_quiescent(thread);
}

static void go_offline_inside(struct nw_rcu_thread *thread)
{
	nw_rcu_read_lock_quiescent(thread);
	nw_rcu_offline(thread);
	nw_rcu_read_unlock_quiescent(thread);
}

static void announce_unregistered(struct nw_rcu_thread *thread)
{
	nw_rcu_unregister(thread);
	nw_rcu_quiescent(thread);
}

static void call_unregistered(struct nw_rcu_thread *thread)
{
	nw_rcu_unregister(thread);
	call(thread, 0);
}

static void unlock_too_often(struct nw_rcu_thread *thread)
{
	nw_rcu_read_lock(thread);
	nw_rcu_read_unlock(thread);
	nw_rcu_read_unlock(thread);
}

static void wait_inside(struct nw_rcu_thread *thread)
{
	nw_rcu_read_lock(thread);
	nw_rcu_synchronize(nw_rcu_domain_of(thread), thread);
}

static void leave_inside(struct nw_rcu_thread *thread)
{
	nw_rcu_read_lock(thread);
	nw_rcu_unregister(thread);
}

static void wait_in_callback(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)ptr, (void)arg;
	nw_rcu_barrier(thread);
}

static void barrier_in_a_callback(struct nw_rcu_thread *thread)
{
	nw_rcu_call(thread, &nodes[0].head, &nodes[0], wait_in_callback, NULL);
	nw_rcu_run(thread);
}

static void nest_too_deep(struct nw_rcu_thread *thread)
{
	for (uint32_t i = 0; i <= NW_RCU_NEST_MAX; i++)
		nw_rcu_read_lock(thread);
}

static void destroy_with_a_reader(struct nw_rcu_thread *thread)
{
	nw_rcu_destroy(nw_rcu_domain_of(thread));
}

TEST(mistakes_are_assertions)
{
#ifdef NDEBUG
	SKIP("assertions are off in this build");
#endif
	CHECK(is_assertion(NW_RCU_GENERAL, read_unregistered));
	CHECK(is_assertion(NW_RCU_QUIESCENT, read_unregistered));
	CHECK(is_assertion(NW_RCU_QUIESCENT, read_offline));
	CHECK(is_assertion(NW_RCU_QUIESCENT, read_quiescent_unregistered));
	CHECK(is_assertion(NW_RCU_QUIESCENT, read_quiescent_offline));
	CHECK(is_assertion(NW_RCU_GENERAL, read_as_the_other_flavour));
	CHECK(is_assertion(NW_RCU_QUIESCENT, go_offline_inside));
	CHECK(is_assertion(NW_RCU_GENERAL, announce_unregistered));
	CHECK(is_assertion(NW_RCU_GENERAL, call_unregistered));
	CHECK(is_assertion(NW_RCU_GENERAL, unlock_too_often));
	CHECK(is_assertion(NW_RCU_GENERAL, wait_inside));
	CHECK(is_assertion(NW_RCU_GENERAL, leave_inside));
	CHECK(is_assertion(NW_RCU_GENERAL, barrier_in_a_callback));
	CHECK(is_assertion(NW_RCU_GENERAL, nest_too_deep));
	CHECK(is_assertion(NW_RCU_GENERAL, destroy_with_a_reader));
}

static void fork_and_forget(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *self = join_outside(rcu, "self"), *other = join_outside(rcu, "other");
	struct nw_rcu_stall stall;
	pid_t pid;
	int status;

	enter(other);
	call(other, 0);
	call(self, 1);
	CHECK_INT(nw_rcu_run(self), ==, 0);
	pid = fork();
	if (pid == 0) {
		nw_rcu_after_fork_child(rcu, self);
		CHECK_INT(stats_of(rcu).thread_count, ==, 1);
		CHECK_INT(nw_rcu_synchronize_for(rcu, self, 0, NULL), ==, 0);
		CHECK_INT(nw_rcu_run(self), ==, 2);
		enter(self);
		CHECK_INT(nw_rcu_synchronize_for(rcu, NULL, 0, &stall), ==, -ETIMEDOUT);
		CHECK_INT(stall.tid, ==, gettid());
		leave(self);
		CHECK(join(rcu, "again") == other);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK_INT(run_count, ==, 0);
	leave(other); /* the parent goes on as before */
	nw_rcu_barrier(self);
	CHECK_INT(run_count, ==, 2);
}

TEST(a_forked_child_forgets_the_other_readers)
{
	on_each(fork_and_forget);
}

static struct nw_rcu *forked_rcu;
static pid_t forked;

/* The child of a fork() that found every other thread, the forking one too, in the middle of
 * something. Two handles are there already; what is left of them must hold nothing up. */
static void use_in_child(uint64_t callbacks)
{
	struct nw_rcu_thread *a, *b;

	alarm(HANGS_S * nw_test_slow());
	nw_rcu_after_fork_child(forked_rcu, NULL);
	CHECK_INT(stats_of(forked_rcu).thread_count, ==, 0);
	a = join_outside(forked_rcu, "a");
	b = join_outside(forked_rcu, "b");
	CHECK_INT(stats_of(forked_rcu).thread_count_max, ==, 2);
	run_count = 0;
	call(a, 100);
	call(b, 101);
	nw_rcu_barrier(a);
	CHECK_INT(run_count, ==, callbacks + 2);
	nw_rcu_unregister(a);
	nw_rcu_unregister(b);
	nw_rcu_destroy(forked_rcu);
	CHECK_INT(run_count, ==, callbacks + 2);
	_exit(0);
}

static void check_child(void)
{
	int status;

	CHECK(waitpid(forked, &status, 0) == forked);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void fork_amid_barrier(void)
{
	forked = fork();
	if (forked == 0)
		use_in_child(3);
}

/* The lists are claimed and the registry locked: the child finds neither so. */
TEST(a_child_forked_amid_a_barrier_goes_on)
{
	for (int flavour = NW_RCU_GENERAL; flavour <= NW_RCU_QUIESCENT; flavour++) {
		struct nw_rcu_thread *self, *other;

		forked_rcu = new_domain((enum nw_rcu_flavour)flavour, false);
		if (stats_of(forked_rcu).fence_reason != 0)
			SKIP("without membarrier a barrier cannot be met in the middle");
		self = join_outside(forked_rcu, "self");
		other = join_outside(forked_rcu, "other");
		call(self, 0);
		call(other, 1);
		call(other, 2);
		run_count = 0;
		on_membarrier = fork_amid_barrier;
		nw_rcu_barrier(self);
		CHECK_INT(run_count, ==, 3);
		check_child();
	}
}

static void fork_here(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread, (void)ptr, (void)arg;
	forked = fork();
	if (forked == 0)
		use_in_child(1);
}

/* What the forking thread had in hand is lost to the child, and never run there. */
static void fork_in_callback(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *self = join_outside(rcu, "self"), *other = join_outside(rcu, "other");

	forked_rcu = rcu;
	call(other, 0);
	nw_rcu_call(self, &nodes[1].head, &nodes[1], fork_here, NULL);
	call(self, 2);
	CHECK_INT(nw_rcu_run(self), ==, 2);
	CHECK_INT(run_count, ==, 1);
	CHECK_INT(nodes[2].magic, ==, DEAD);
	nw_rcu_barrier(self);
	CHECK_INT(run_count, ==, 2);
	check_child();
}

TEST(a_child_forked_in_a_callback_runs_none_twice)
{
	on_each(fork_in_callback);
}

static uint64_t step_count;

/* What the stepping thread had in hand is lost here; the rest runs, and mark_dead() sees a second
 * time. */
static void fork_at_this_step(void)
{
	struct nw_rcu_thread *thread;

	step_count++;
	forked = fork();
	if (forked > 0)
		check_child();
	if (forked != 0)
		return;
	alarm(HANGS_S * nw_test_slow());
	nw_rcu_after_fork_child(forked_rcu, NULL);
	thread = join_outside(forked_rcu, "child");
	call(thread, 100);
	nw_rcu_barrier(thread);
	CHECK_INT(nodes[100].magic, ==, DEAD);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(forked_rcu);
	_exit(0);
}

static void run_steps(void *arg)
{
	CHECK_INT(nw_rcu_run(arg), ==, 0);
}

static void call_steps(void *arg)
{
	call(arg, 2);
}

static void barrier_steps(void *arg)
{
	nw_rcu_barrier(arg);
}

/* As if a second thread stepped and this one forked. */
static void fork_everywhere(struct nw_rcu *rcu)
{
	struct nw_rcu_thread *self = join_outside(rcu, "self"), *other = join_outside(rcu, "other");

	forked_rcu = rcu;
	step_count = 0;
	enter(other);
	call(self, 0);
	call(self, 1);
	step_each(run_steps, self, fork_at_this_step);
	leave(other);
	step_each(call_steps, self, fork_at_this_step);
	CHECK_INT(run_count, ==, 0);
	step_each(barrier_steps, self, fork_at_this_step);
	CHECK_INT(run_count, ==, 3);
	CHECK_INT(step_count, >, 100);
}

TEST(a_child_forked_at_any_instruction_runs_none_twice)
{
	if (!STEP_IS_POSSIBLE)
		SKIP("no single steps here");
	on_each(fork_everywhere);
}
