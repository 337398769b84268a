/* SPDX-License-Identifier: MIT */
/* Hazard pointers from one thread that holds several handles: what protects, what is reclaimed
 * when, who runs the deleters, what the kernel may refuse. Deleters poison what they are given, so
 * that a second run or a late look is seen. Where fences make a difference both kinds are tried;
 * membarrier(2) is refused by a wrapped syscall(), and a thread that the library started would end
 * the test. */
#include "nw_test.h"

#include "lib/fault.h"
#include "lib/step.h"

#include <nw/hazard.h>

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { ALIVE = 0x600d, DEAD = 0xdead, NODES_MAX = 4096, ANY = -1, HANGS_S = 10 };

struct node {
	uint64_t magic;
	struct nw_retired retired;
};

static struct node nodes[NODES_MAX];
static uint64_t deleted_count;
static struct nw_hazard_thread *deleted_by;
static _Atomic(struct node *) shared;

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

static struct node *new_node(int i)
{
	nodes[i].magic = ALIVE;
	return &nodes[i];
}

static void poison(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	struct node *node = ptr;

	CHECK(arg == &nodes);
	CHECK_INT(node->magic, ==, ALIVE);
	node->magic = DEAD;
	deleted_by = thread;
	deleted_count++;
}

static void retire(struct nw_hazard_thread *thread, struct node *node)
{
	nw_hazard_retire(thread, &node->retired, node, poison, &nodes);
}

static struct nw_hazard *new_domain(uint32_t slots, uint32_t batch_min)
{
	struct nw_hazard_options options = { .slots_per_thread = slots, .batch_min = batch_min };
	struct nw_hazard *domain;

	CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY, &options), ==, 0);
	return domain;
}

static struct nw_hazard_thread *join(struct nw_hazard *domain)
{
	struct nw_hazard_thread *thread;

	CHECK_INT(nw_hazard_register(&thread, domain), ==, 0);
	return thread;
}

static struct nw_hazard_stats stats_of(const struct nw_hazard *domain)
{
	struct nw_hazard_stats stats;

	nw_hazard_stats(domain, &stats);
	return stats;
}

TEST(says_what_it_cannot_create)
{
	struct nw_hazard_options one = { .slots_per_thread = 1 };
	struct nw_hazard_options many = { .slots_per_thread = NW_HAZARD_SLOTS_MAX + 1 };
	struct nw_hazard *domain = NULL;

	CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY, &one), ==, -EINVAL);
	CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY, &many), ==, -EINVAL);
	CHECK_INT(nw_hazard_create(&domain, (nw_node){ 999 }, NULL), ==, -ENODEV);
	for (unsigned nth = 1; nth <= 2; nth++) {
		long before = fault_mapped_bytes();

		fault_set(FAULT_MMAP, nth, 1, ENOMEM);
		CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY, NULL), ==, -ENOMEM);
		fault_clear();
		CHECK_INT(fault_mapped_bytes(), ==, before);
	}
	CHECK(!domain);
	nw_hazard_destroy(NULL);
	nw_hazard_unregister(NULL);
}

TEST(no_memory_for_another_handle_is_an_error)
{
	struct nw_hazard *domain = new_domain(0, 0);
	struct nw_hazard_thread *thread = NULL;
	int rc, count = 0;

	fault_set(FAULT_MMAP, 1, 1000, ENOMEM);
	while ((rc = nw_hazard_register(&thread, domain)) == 0)
		count++;
	CHECK_INT(rc, ==, -ENOMEM);
	CHECK_INT(count, >, 1);
	CHECK_INT(stats_of(domain).thread_count, ==, count);
	fault_clear();
	CHECK_INT(nw_hazard_register(&thread, domain), ==, 0);
	CHECK(nw_hazard_domain_of(thread) == domain);
}

static void protect_and_clear(bool full_fences)
{
	struct nw_hazard_options options = { .full_fences = full_fences };
	struct nw_hazard *domain;
	struct nw_hazard_thread *reader, *writer;
	struct node *node = new_node(0);

	CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY, &options), ==, 0);
	reader = join(domain);
	writer = join(domain);
	shared = node;
	CHECK(nw_hazard_protect(reader, 1, &shared) == node);
	shared = NULL;
	retire(writer, node);
	CHECK_INT(nw_hazard_scan(writer), ==, 0);
	nw_hazard_barrier(writer);
	CHECK_INT(node->magic, ==, ALIVE);
	CHECK(!nw_hazard_protect(reader, 0, &shared));
	nw_hazard_clear(reader, 1);
	CHECK_INT(nw_hazard_scan(writer), ==, 1);
	CHECK_INT(node->magic, ==, DEAD);
	CHECK_INT(stats_of(domain).retired_count, ==, 1);
	CHECK_INT(stats_of(domain).reclaimed_count, ==, 1);
	nw_hazard_unregister(reader);
	nw_hazard_unregister(writer);
	nw_hazard_destroy(domain);
}

TEST(protects_until_cleared)
{
	protect_and_clear(false);
}

TEST(protects_until_cleared_with_full_fences)
{
	protect_and_clear(true);
}

TEST(the_callable_bodies_do_the_same)
{
	void *(*protect)(struct nw_hazard_thread *, uint32_t, const void *) = &nw_hazard_protect;
	void (*set)(struct nw_hazard_thread *, uint32_t, void *) = &nw_hazard_set;
	void (*clear)(struct nw_hazard_thread *, uint32_t) = &nw_hazard_clear;
	struct nw_hazard *domain = new_domain(0, 0);
	struct nw_hazard_thread *thread = join(domain);
	struct node *node = new_node(0);

	shared = node;
	CHECK(protect(thread, 0, &shared) == node);
	set(thread, 1, node);
	clear(thread, 0);
	retire(thread, node);
	CHECK_INT(nw_hazard_scan(thread), ==, 0);
	clear(thread, 1);
	CHECK_INT(nw_hazard_scan(thread), ==, 1);
}

TEST(a_pointer_may_be_copied_upward)
{
	struct nw_hazard *domain = new_domain(3, 0);
	struct nw_hazard_thread *reader = join(domain), *writer = join(domain);
	struct node *node = new_node(0);

	shared = node;
	nw_hazard_protect(reader, 0, &shared);
	shared = NULL;
	retire(writer, node);
	nw_hazard_set(reader, 2, node);
	nw_hazard_clear(reader, 0);
	CHECK_INT(nw_hazard_scan(writer), ==, 0);
	nw_hazard_set(reader, 2, new_node(1));
	CHECK_INT(nw_hazard_scan(writer), ==, 1);
}

TEST(a_full_batch_is_scanned_without_asking)
{
	struct nw_hazard *domain = new_domain(2, 10);
	struct nw_hazard_thread *thread = join(domain);

	for (int i = 0; i < 9; i++)
		retire(thread, new_node(i));
	CHECK_INT(deleted_count, ==, 0);
	retire(thread, new_node(9));
	CHECK_INT(deleted_count, ==, 10);
	CHECK_INT(stats_of(domain).scan_count, ==, 1);
}

/* Every handle parks with all slots in use while each retires in turn, held nodes among them. */
TEST(garbage_stays_below_the_stated_bound)
{
	enum { HANDLES = 5, SLOTS = 4 };
	struct nw_hazard *domain = new_domain(SLOTS, 8);
	struct nw_hazard_thread *threads[HANDLES];
	struct nw_hazard_stats stats = { 0 };
	int n = 0;

	for (int i = 0; i < HANDLES; i++)
		threads[i] = join(domain);
	for (int i = 0; i < HANDLES * SLOTS; i++, n++)
		nw_hazard_set(threads[i % HANDLES], (uint32_t)i / HANDLES, new_node(n));
	for (int i = 0; i < n; i++)
		retire(threads[i % HANDLES], &nodes[i]);
	for (; n < NODES_MAX; n++) {
		retire(threads[n % HANDLES], new_node(n));
		stats = stats_of(domain);
		CHECK_INT(stats.retired_count, ==, n + 1);
		CHECK_INT(stats.reclaimed_count, ==, deleted_count);
		CHECK_INT(n + 1 - (int)deleted_count, <=, stats.garbage_max);
	}
	CHECK_INT(stats.garbage_max, ==, HANDLES * (2 * HANDLES * SLOTS + HANDLES * SLOTS));
	for (int i = 0; i < HANDLES * SLOTS; i++)
		CHECK_INT(nodes[i].magic, ==, ALIVE);
	CHECK_INT(stats.scan_count, >, 0);
	CHECK_INT(stats.scan_count, <=, NODES_MAX / (HANDLES * SLOTS) + HANDLES);
}

/* Threads that come, retire what is held and what is not, and leave: what they hand on counts. */
TEST(threads_that_leave_keep_to_the_bound)
{
	enum { SLOTS = 3, COMINGS = 200, RETIRED = 9 };
	struct nw_hazard *domain = new_domain(SLOTS, 8);
	struct nw_hazard_thread *parked = join(domain);
	struct nw_hazard_stats stats = { 0 };
	int n = 0;

	for (uint32_t slot = 0; slot < SLOTS; slot++, n++)
		nw_hazard_set(parked, slot, new_node(n));
	for (int i = 0; i < COMINGS; i++) {
		struct nw_hazard_thread *thread = join(domain);

		if (i < SLOTS)
			retire(thread, &nodes[i]);
		for (int r = 0; r < RETIRED; r++, n++) {
			retire(thread, new_node(n));
			stats = stats_of(domain);
			CHECK_INT(stats.retired_count - deleted_count, <=, stats.garbage_max);
		}
		nw_hazard_unregister(thread);
		/* All but what the parked one holds. */
		CHECK_INT(stats_of(domain).retired_count - deleted_count, <=, SLOTS);
	}
	CHECK_INT(stats.garbage_max, ==, 2 * (2 * 2 * SLOTS + 2 * SLOTS));
	for (int i = 0; i < SLOTS; i++)
		CHECK_INT(nodes[i].magic, ==, ALIVE);
}

TEST(more_slots_than_a_table_takes)
{
	enum { HANDLES = 12, SLOTS = NW_HAZARD_SLOTS_MAX, HELD = HANDLES * SLOTS };
	struct nw_hazard *domain = new_domain(SLOTS, 0);
	struct nw_hazard_thread *threads[HANDLES];

	for (int i = 0; i < HANDLES; i++)
		threads[i] = join(domain);
	for (int i = 0; i < HELD; i++)
		nw_hazard_set(threads[i / SLOTS], (uint32_t)i % SLOTS, new_node(2 * i));
	for (int i = 0; i < HELD; i++) {
		retire(threads[0], &nodes[2 * i]);
		retire(threads[0], new_node(2 * i + 1));
	}
	nw_hazard_scan(threads[0]);
	CHECK_INT(deleted_count, ==, HELD);
	for (int i = 0; i < HELD; i++)
		CHECK_INT(nodes[2 * i].magic, ==, ALIVE);
	for (int i = 0; i < HELD; i++)
		nw_hazard_clear(threads[i / SLOTS], (uint32_t)i % SLOTS);
	CHECK_INT(nw_hazard_scan(threads[0]), ==, HELD);
}

TEST(a_thread_that_leaves_hands_its_list_on)
{
	struct nw_hazard *domain = new_domain(2, 0);
	struct nw_hazard_thread *reader = join(domain), *writer = join(domain);

	nw_hazard_set(reader, 0, new_node(0));
	retire(writer, &nodes[0]);
	retire(writer, new_node(1));
	nw_hazard_unregister(writer);
	CHECK_INT(deleted_count, ==, 1);
	CHECK_INT(nodes[0].magic, ==, ALIVE);
	CHECK_INT(nw_hazard_scan(reader), ==, 0);
	nw_hazard_clear(reader, 0);
	CHECK_INT(nw_hazard_scan(reader), ==, 1);
	CHECK_INT(stats_of(domain).thread_count, ==, 1);
	CHECK(join(domain) == writer); /* its memory was kept for the next */
	CHECK_INT(stats_of(domain).thread_count_max, ==, 2);
}

TEST(a_forgotten_slot_protects_nothing_after_its_thread)
{
	struct nw_hazard *domain = new_domain(2, 0);
	struct nw_hazard_thread *reader = join(domain), *writer = join(domain);

	nw_hazard_set(reader, 1, new_node(0));
	nw_hazard_unregister(reader);
	retire(writer, &nodes[0]);
	CHECK_INT(nw_hazard_scan(writer), ==, 1);
}

static uint64_t scans_inside;

/* Retires the next node, until the last. */
static void retire_next(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	struct node *node = ptr, *last = arg;

	CHECK_INT(node->magic, ==, ALIVE);
	node->magic = DEAD;
	deleted_count++;
	scans_inside += nw_hazard_scan(thread);
	if (node == last)
		return;
	node++;
	node->magic = ALIVE;
	nw_hazard_retire(thread, &node->retired, node, retire_next, last);
}

TEST(deleters_may_retire)
{
	enum { LAST = 99 };
	struct nw_hazard *domain = new_domain(2, 1);
	struct nw_hazard_thread *thread = join(domain);

	/* A batch is one object, or twice the slots: each deleter fills it again. */
	nw_hazard_retire(thread, &new_node(0)->retired, &nodes[0], retire_next, &nodes[LAST]);
	nw_hazard_unregister(thread);
	CHECK_INT(deleted_count, ==, LAST + 1);
	CHECK_INT(scans_inside, ==, 0);
}

/* Protects another, retires it, and so leaves it for a scan that finds the slot clear. */
static void protect_and_retire(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	struct node *other = arg;

	(void)ptr;
	shared = other;
	CHECK(nw_hazard_protect(thread, 1, &shared) == other);
	shared = NULL;
	retire(thread, other);
	CHECK_INT(other->magic, ==, ALIVE);
	nw_hazard_clear(thread, 1);
}

TEST(deleters_may_protect)
{
	struct nw_hazard_thread *thread = join(new_domain(2, 0));

	nw_hazard_set(thread, 0, new_node(0)); /* as an operation that retires may have */
	nw_hazard_retire(thread, &new_node(1)->retired, &nodes[1], protect_and_retire, new_node(2));
	CHECK_INT(nw_hazard_scan(thread), ==, 1);
	CHECK_INT(nodes[2].magic, ==, ALIVE);
	CHECK_INT(nw_hazard_scan(thread), ==, 1);
	CHECK_INT(nodes[2].magic, ==, DEAD);
	CHECK_INT(nodes[0].magic, ==, ALIVE);
}

TEST(destroy_runs_what_is_left_and_what_that_retires)
{
	struct nw_hazard *domain = new_domain(2, 0);
	struct nw_hazard_thread *reader = join(domain), *writer = join(domain);

	nw_hazard_set(reader, 0, new_node(0));
	nw_hazard_retire(writer, &nodes[0].retired, &nodes[0], retire_next, &nodes[9]);
	nw_hazard_unregister(writer);
	nw_hazard_clear(reader, 0);
	membarrier_error = EPERM; /* or leaving would have reclaimed it */
	nw_hazard_unregister(reader);
	nw_hazard_destroy(domain);
	CHECK_INT(deleted_count, ==, 10);
}

TEST(barrier_reclaims_what_others_retired)
{
	struct nw_hazard *domain = new_domain(2, 0);
	struct nw_hazard_thread *a = join(domain), *b = join(domain), *c = join(domain);

	nw_hazard_set(a, 1, new_node(3));
	for (int i = 0; i < 4; i++)
		retire(b, i < 3 ? new_node(i) : &nodes[i]);
	retire(c, new_node(4));
	retire(a, new_node(5));
	nw_hazard_barrier(a);
	CHECK_INT(deleted_count, ==, 5);
	CHECK(deleted_by == a);
	CHECK_INT(nodes[3].magic, ==, ALIVE);
	nw_hazard_clear(a, 1);
	nw_hazard_barrier(c);
	CHECK_INT(deleted_count, ==, 6);
	CHECK(deleted_by == c);
	nw_hazard_barrier(c);
	CHECK_INT(deleted_count, ==, 6);
}

TEST(the_default_domain_is_one)
{
	struct nw_hazard *a, *b;
	struct nw_hazard_thread *thread;

	fault_set(FAULT_MMAP, 1, 1, ENOMEM);
	CHECK_INT(nw_hazard_default(&a), ==, -ENOMEM);
	fault_clear();
	CHECK_INT(nw_hazard_default(&a), ==, 0);
	CHECK_INT(nw_hazard_default(&b), ==, 0);
	CHECK(a == b);
	thread = join(a);
	CHECK_INT(stats_of(a).slots_per_thread, ==, NW_HAZARD_SLOTS_DEFAULT);
	nw_hazard_unregister(thread);
}

TEST(says_why_fences_are_full)
{
	struct nw_hazard_options options = { .full_fences = true };
	struct nw_hazard *plain = new_domain(0, 0), *fenced, *refused;

#if defined(__SANITIZE_THREAD__)
	CHECK_INT(stats_of(plain).fence_reason, ==, -ENOTSUP);
	(void)options, (void)fenced, (void)refused;
#else
	CHECK_INT(stats_of(plain).fence_reason, ==, 0);
	CHECK_INT(nw_hazard_create(&fenced, NW_NODE_ANY, &options), ==, 0);
	CHECK_INT(stats_of(fenced).fence_reason, ==, -ECANCELED);
	membarrier_error = EPERM;
	refused = new_domain(0, 0);
	CHECK_INT(stats_of(refused).fence_reason, ==, -EPERM);
	retire(join(refused), new_node(0));
	nw_hazard_barrier(join(refused));
	CHECK_INT(deleted_count, ==, 1);
	CHECK_INT(stats_of(refused).refused_count, ==, 0);
#endif
}

/* Each step of asking for membarrier may be what is refused; none is asked for again. */
TEST(fences_are_decided_once)
{
	static const long steps[] = { MEMBARRIER_CMD_QUERY,
				      MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED };
	struct nw_hazard *plain = new_domain(0, 0), *full;

	if (stats_of(plain).fence_reason != 0)
		SKIP("no membarrier to refuse: fences are full here");
	for (int i = 0; i < 2; i++) {
		struct nw_hazard_thread *thread;

		refused_command = steps[i];
		membarrier_error = ENOSYS;
		full = new_domain(0, 0);
		membarrier_error = 0;
		thread = join(full);
		syscall_count = 0;
		retire(thread, new_node(i));
		CHECK_INT(nw_hazard_scan(thread), ==, 1);
		nw_hazard_barrier(thread);
		CHECK_INT(stats_of(full).fence_reason, ==, -ENOSYS);
		CHECK_INT(syscall_count, ==, 0);
	}
	retire(join(plain), new_node(2));
	nw_hazard_barrier(join(plain));
	CHECK_INT(syscall_count, ==, 2);
	CHECK_INT(stats_of(plain).fence_reason, ==, 0);
}

TEST(readers_make_no_system_call)
{
	struct nw_hazard_thread *thread = join(new_domain(0, 0));

	shared = new_node(0);
	syscall_count = 0;
	for (int i = 0; i < 1000; i++) {
		nw_hazard_protect(thread, 0, &shared);
		nw_hazard_clear(thread, 0);
	}
	CHECK_INT(syscall_count, ==, 0);
}

TEST(a_late_refusal_frees_nothing)
{
	struct nw_hazard *domain = new_domain(2, 0);
	struct nw_hazard_thread *thread = join(domain), *leaving = join(domain);

	if (stats_of(domain).fence_reason != 0)
		SKIP("no membarrier to refuse: fences are full here");
	membarrier_error = EPERM;
	retire(thread, new_node(0));
	retire(leaving, new_node(1));
	CHECK_INT(nw_hazard_scan(thread), ==, 0);
	nw_hazard_unregister(leaving);
	CHECK_INT(deleted_count, ==, 0);
	CHECK_INT(stats_of(domain).refused_count, ==, 2);
	membarrier_error = 0;
	CHECK_INT(nw_hazard_scan(thread), ==, 2);
}

/* Runs in a child; true: an assertion ended it. */
static bool is_assertion(void (*run)(struct nw_hazard *domain))
{
	struct nw_hazard *domain = new_domain(2, 0);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct rlimit no_core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		run(domain);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void use_after_leaving(struct nw_hazard *domain)
{
	struct nw_hazard_thread *thread = join(domain);

	nw_hazard_unregister(thread);
	nw_hazard_set(thread, 0, &nodes[0]);
}

static void use_a_slot_too_many(struct nw_hazard *domain)
{
	nw_hazard_set(join(domain), 2, &nodes[0]);
}

static void wait_in_deleter(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	(void)ptr, (void)arg;
	nw_hazard_barrier(thread);
}

static void barrier_in_a_deleter(struct nw_hazard *domain)
{
	struct nw_hazard_thread *thread = join(domain);

	nw_hazard_retire(thread, &nodes[0].retired, &nodes[0], wait_in_deleter, NULL);
	nw_hazard_scan(thread);
}

static void destroy_with_a_thread(struct nw_hazard *domain)
{
	(void)join(domain);
	nw_hazard_destroy(domain);
}

TEST(mistakes_are_assertions)
{
#ifdef NDEBUG
	SKIP("assertions are off in this build");
#endif
	CHECK(is_assertion(use_after_leaving));
	CHECK(is_assertion(use_a_slot_too_many));
	CHECK(is_assertion(barrier_in_a_deleter));
	CHECK(is_assertion(destroy_with_a_thread));
}

TEST(a_forked_child_forgets_the_other_threads)
{
	struct nw_hazard *domain = new_domain(2, 0);
	struct nw_hazard_thread *self = join(domain), *other = join(domain), *again;
	pid_t pid;
	int status;

	nw_hazard_set(other, 0, new_node(0));
	nw_hazard_set(self, 0, new_node(1));
	retire(self, &nodes[0]);
	retire(other, &nodes[1]);
	retire(other, new_node(2));
	pid = fork();
	if (pid == 0) {
		nw_hazard_after_fork_child(domain, self);
		CHECK_INT(stats_of(domain).thread_count, ==, 1);
		nw_hazard_barrier(self);
		CHECK_INT(deleted_count, ==, 2);
		CHECK_INT(nodes[1].magic, ==, ALIVE); /* self's own slot still protects */
		again = join(domain);
		CHECK(again == other);
		nw_hazard_unregister(again);
		nw_hazard_unregister(self);
		nw_hazard_destroy(domain);
		CHECK_INT(deleted_count, ==, 3);
		CHECK_INT(nw_hazard_create(&domain, NW_NODE_ANY, NULL), ==, 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	nw_hazard_barrier(self); /* the parent goes on as before */
	CHECK_INT(deleted_count, ==, 1);
}

static struct nw_hazard *forked_domain;
static pid_t forked;

/* The child of a fork() that found every other thread, the forking one too, in the middle of
 * something. Two handles are there already; what is left of them must hold nothing up. */
static void use_in_child(uint64_t garbage)
{
	struct nw_hazard_thread *a, *b;

	alarm(HANGS_S * nw_test_slow());
	nw_hazard_after_fork_child(forked_domain, NULL);
	CHECK_INT(stats_of(forked_domain).thread_count, ==, 0);
	a = join(forked_domain);
	b = join(forked_domain);
	CHECK_INT(stats_of(forked_domain).thread_count_max, ==, 2);
	deleted_count = 0;
	retire(a, new_node(100));
	retire(b, new_node(101));
	nw_hazard_barrier(a);
	CHECK_INT(deleted_count, ==, garbage + 2);
	nw_hazard_unregister(a);
	nw_hazard_unregister(b);
	nw_hazard_destroy(forked_domain);
	CHECK_INT(deleted_count, ==, garbage + 2);
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

/* The lists are claimed, the registry locked, a slot in use: the child finds none of it so. */
TEST(a_child_forked_amid_a_barrier_goes_on)
{
	struct nw_hazard_thread *self, *other;

	forked_domain = new_domain(2, 0);
	if (stats_of(forked_domain).fence_reason != 0)
		SKIP("without membarrier a barrier cannot be met in the middle");
	self = join(forked_domain);
	other = join(forked_domain);
	nw_hazard_set(other, 0, new_node(0));
	retire(self, &nodes[0]);
	retire(other, new_node(1));
	retire(other, new_node(2));
	on_membarrier = fork_amid_barrier;
	nw_hazard_barrier(self);
	CHECK_INT(deleted_count, ==, 2);
	check_child();
}

static void fork_here(struct nw_hazard_thread *thread, void *ptr, void *arg)
{
	(void)thread, (void)ptr, (void)arg;
	forked = fork();
	if (forked == 0)
		use_in_child(1);
}

/* What the forking thread had in hand is lost to the child, and never freed there. */
TEST(a_child_forked_in_a_deleter_frees_nothing_twice)
{
	struct nw_hazard_thread *self, *other;

	forked_domain = new_domain(2, 0);
	self = join(forked_domain);
	other = join(forked_domain);
	retire(other, new_node(0));
	retire(self, new_node(1));
	nw_hazard_retire(self, &new_node(2)->retired, &nodes[2], fork_here, NULL);
	CHECK_INT(nw_hazard_scan(self), ==, 2);
	CHECK_INT(deleted_count, ==, 1);
	nw_hazard_barrier(self);
	CHECK_INT(deleted_count, ==, 2);
	check_child();
}

static uint64_t step_count;

/* What the stepping thread had in hand is lost here; the rest is freed, and poison() sees a second
 * time. */
static void fork_at_this_step(void)
{
	struct nw_hazard_thread *thread;

	step_count++;
	forked = fork();
	if (forked > 0)
		check_child();
	if (forked != 0)
		return;
	alarm(HANGS_S * nw_test_slow());
	nw_hazard_after_fork_child(forked_domain, NULL);
	thread = join(forked_domain);
	retire(thread, new_node(100));
	nw_hazard_barrier(thread);
	CHECK_INT(nodes[100].magic, ==, DEAD);
	nw_hazard_unregister(thread);
	nw_hazard_destroy(forked_domain);
	_exit(0);
}

static void retire_steps(void *arg)
{
	retire(arg, new_node(2));
}

static void scan_steps(void *arg)
{
	CHECK_INT(nw_hazard_scan(arg), ==, 1);
}

static void barrier_steps(void *arg)
{
	nw_hazard_barrier(arg);
}

/* As if a second thread stepped and this one forked. */
TEST(a_child_forked_at_any_instruction_frees_nothing_twice)
{
	struct nw_hazard_thread *self, *other;

	if (!STEP_IS_POSSIBLE)
		SKIP("no single steps here");
	forked_domain = new_domain(2, 0);
	self = join(forked_domain);
	other = join(forked_domain);
	nw_hazard_set(other, 0, new_node(0));
	retire(self, &nodes[0]);
	retire(other, new_node(1));
	step_each(retire_steps, self, fork_at_this_step);
	step_each(scan_steps, self, fork_at_this_step);
	nw_hazard_clear(other, 0);
	CHECK_INT(deleted_count, ==, 1);
	step_each(barrier_steps, self, fork_at_this_step);
	CHECK_INT(deleted_count, ==, 3);
	CHECK_INT(step_count, >, 100);
}
