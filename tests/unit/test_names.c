/* SPDX-License-Identifier: MIT */
/*
 * Names: libnuma, Userspace RCU and our libraries are in one program, and each still does its own
 * work: no call ends in another's function. That no name is defined twice is what the tests
 * names_* say, which link the archives (tests.cmake).
 */
#include "nw_test.h"

#include <nw/hazard.h>
#include <nw/rcu.h>
#include <nw/topo.h>

#include <numa.h>
#ifdef NW_TEST_HAS_URCU
#include <urcu/urcu-memb.h>
#endif

static void mark(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	(void)arg;
	*(bool *)ptr = true;
}

/* A grace period of ours, with a callback. */
static void use_ours(void)
{
	struct nw_rcu *rcu;
	struct nw_rcu_thread *thread;
	struct nw_rcu_head head;
	bool is_marked = false;

	CHECK_INT(nw_rcu_create(&rcu, NW_NODE_ANY, NULL), ==, 0);
	CHECK_INT(nw_rcu_register(&thread, rcu, "names"), ==, 0);
	nw_rcu_read_lock(thread);
	nw_rcu_read_unlock(thread);
	nw_rcu_call(thread, &head, &is_marked, mark, NULL);
	nw_rcu_barrier(thread);
	CHECK(is_marked);
	nw_rcu_unregister(thread);
	nw_rcu_destroy(rcu);
}

TEST(libnuma_is_linked_beside_ours)
{
	struct nw_topo_options options = { 0 };
	struct nw_topo *topo;

	use_ours();
	CHECK_INT(nw_topo_open(&topo, &options, NULL), ==, 0);
	CHECK_INT(nw_topo_node_count(topo), >=, 1);
	nw_topo_close(topo);
	if (numa_available() < 0)
		SKIP("the kernel has no NUMA policy calls, so libnuma cannot be asked");
	CHECK_INT(numa_num_configured_cpus(), >=, 1);
}

TEST(userspace_rcu_is_linked_beside_ours)
{
#ifdef NW_TEST_HAS_URCU
	urcu_memb_register_thread();
	urcu_memb_read_lock();
	use_ours(); /* our grace period does not wait for their reader */
	CHECK(urcu_memb_read_ongoing() != 0);
	urcu_memb_read_unlock();
	CHECK_INT(urcu_memb_read_ongoing(), ==, 0);
	urcu_memb_synchronize_rcu();
	urcu_memb_unregister_thread();
#else
	SKIP("liburcu-dev was not here when this was built");
#endif
}
