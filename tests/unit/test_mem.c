/* SPDX-License-Identifier: MIT */
/* nw_mem: every level, every refusal, every kind of page; nothing stays mapped. The refusals are
 * the kernel's words put in by lib/fault.c. Invariant of each case: live bytes and mappings end
 * as they began. */
#include "lib/fault.h"
#include "nw_test.h"

#include <nw/mem.h>

#include <errno.h>
#include <sys/mman.h>

enum { PAGE = 4096, HUGE = 2 << 20 };

static const nw_node node0 = { 0 };

static bool node_exists(int id)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", id);
	return access(path, F_OK) == 0 || (id == 0 && access("/sys/devices/system/node", F_OK) < 0);
}

static int missing_node(void)
{
	int id = 0;

	while (node_exists(id))
		id++;
	return id;
}

static struct nw_mem_stats stats(void)
{
	struct nw_mem_stats now;

	nw_mem_stats(&now);
	return now;
}

static struct nw_mem alloc(nw_node node, size_t n_bytes, unsigned flags)
{
	struct nw_mem mem;

	CHECK_INT(nw_mem_alloc(&mem, node, n_bytes, flags), ==, 0);
	return mem;
}

static struct nw_mem_map where(const void *base, size_t n_bytes)
{
	struct nw_mem_map map;

	CHECK_INT(nw_mem_verify(base, n_bytes, &map), ==, 0);
	return map;
}

/* Nodes whose memory can be had, as this machine's policies allow; SKIP when there are none. */
static void need_policies(void)
{
	struct nw_mem mem = alloc(node0, PAGE, 0);

	if (mem.level != NW_MEM_BOUND)
		SKIP(nw_mem_reason_text(mem.reason));
	nw_mem_free(&mem);
}

TEST(size_is_rounded_up_and_said)
{
	struct nw_mem mem = alloc(NW_NODE_ANY, 1, 0);

	CHECK_INT(mem.n_bytes, ==, PAGE);
	CHECK_INT((uintptr_t)mem.base % PAGE, ==, 0);
	nw_mem_free(&mem);
	mem = alloc(NW_NODE_ANY, 3 * PAGE + 1, 0);
	CHECK_INT(mem.n_bytes, ==, 4 * PAGE);
	for (size_t i = 0; i < mem.n_bytes; i++)
		CHECK_INT(((char *)mem.base)[i], ==, 0);
	nw_mem_free(&mem);
}

TEST(freeing_twice_or_nothing_is_a_no_op)
{
	struct nw_mem mem = alloc(NW_NODE_ANY, PAGE, 0);
	uint64_t live = stats().live_bytes;

	nw_mem_free(&mem);
	CHECK(!mem.base);
	nw_mem_free(&mem);
	nw_mem_free(NULL);
	CHECK_INT(stats().live_bytes, ==, live - PAGE);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(every_page_is_on_the_node_it_was_bound_to)
{
	need_policies();
	for (int id = 0; id <= NW_NODE_ID_MAX; id++) {
		nw_node node = { (int16_t)id };
		struct nw_mem mem;

		if (!node_exists(id))
			continue;
		mem = alloc(node, 777 * PAGE, 0);
		if (mem.level == NW_MEM_BOUND) {
			memset(mem.base, 1, mem.n_bytes);
			CHECK_INT(where(mem.base, mem.n_bytes).on_node[id], ==, 777);
		}
		nw_mem_free(&mem);
	}
}

TEST(a_node_that_does_not_exist_is_an_error_never_a_fallback)
{
	struct nw_mem mem = { .n_bytes = 42 };
	nw_node node = { (int16_t)missing_node() };

	CHECK_INT(nw_mem_alloc(&mem, node, PAGE, 0), ==, -ENODEV);
	CHECK_INT(nw_mem_alloc(&mem, node, PAGE, NW_MEM_STRICT), ==, -ENODEV);
	fault_set(FAULT_MBIND, 1, 9, EPERM);
	CHECK_INT(nw_mem_alloc(&mem, node, PAGE, 0), ==, -ENODEV);
	CHECK_INT(nw_mem_alloc(&mem, (nw_node){ 1023 }, PAGE, 0), ==, -ENODEV);
	CHECK_INT(nw_mem_alloc(&mem, (nw_node){ 1024 }, PAGE, 0), ==, -ENODEV);
	CHECK_INT(nw_mem_alloc(&mem, (nw_node){ INT16_MAX }, PAGE, 0), ==, -ENODEV);
	CHECK_INT(mem.n_bytes, ==, 42);
}

TEST(requests_that_make_no_sense_are_refused)
{
	struct nw_mem mem = { .n_bytes = 42 };

	CHECK_INT(nw_mem_alloc(&mem, node0, 0, 0), ==, -EINVAL);
	CHECK_INT(nw_mem_alloc(&mem, node0, PAGE, 1u << 16), ==, -EINVAL);
	CHECK_INT(nw_mem_alloc(&mem, node0, PAGE, 1u << 31), ==, -EINVAL);
	CHECK_INT(nw_mem_alloc(&mem, node0, PAGE, NW_MEM_LOCAL), ==, -EINVAL);
	CHECK_INT(nw_mem_alloc(&mem, node0, PAGE, NW_MEM_INTERLEAVE), ==, -EINVAL);
	CHECK_INT(nw_mem_alloc(&mem, NW_NODE_ANY, PAGE, NW_MEM_INTERLEAVE | NW_MEM_LOCAL), ==,
		  -EINVAL);
	CHECK_INT(nw_mem_alloc(&mem, (nw_node){ -2 }, PAGE, 0), ==, -EINVAL);
	CHECK_INT(nw_mem_alloc(&mem, node0, SIZE_MAX, 0), ==, -ENOMEM);
	CHECK_INT(nw_mem_alloc(&mem, node0, SIZE_MAX - PAGE, 0), ==, -ENOMEM);
	CHECK_INT(nw_mem_alloc(&mem, node0, SIZE_MAX / 2, NW_MEM_HUGE_1G), ==, -ENOMEM);
	CHECK_INT(mem.n_bytes, ==, 42);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

/* What one refusal of every binding must lead to. */
static void check_refusal(int error, int strict_rc)
{
	struct nw_mem_stats before = stats();
	struct nw_mem mem = { .n_bytes = 42 };

	fault_set(FAULT_MBIND, 1, 9, error);
	CHECK_INT(nw_mem_alloc(&mem, node0, PAGE, NW_MEM_STRICT), ==, strict_rc);
	CHECK_INT(mem.n_bytes, ==, 42);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
	mem = alloc(node0, PAGE, 0);
	fault_clear();
	CHECK_INT(mem.level, ==, NW_MEM_UNBOUND);
	CHECK_INT(mem.reason, ==, -error);
	CHECK_INT(mem.node.id, ==, 0);
	memset(mem.base, 1, mem.n_bytes);
	CHECK_INT(stats().unbound_count, ==, before.unbound_count + 1);
	CHECK_INT(stats().live_bytes, ==, before.live_bytes + PAGE);
	nw_mem_free(&mem);
	CHECK_INT(stats().live_bytes, ==, before.live_bytes);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(no_permission_is_a_reason_or_strictly_an_error)
{
	check_refusal(EPERM, -EPERM);
	CHECK_INT(stats().eperm_count, ==, 2);
}

TEST(no_policies_in_the_kernel_is_a_reason_or_strictly_an_error)
{
	check_refusal(ENOSYS, -ENOSYS);
	CHECK_INT(stats().enosys_count, ==, 2);
}

TEST(a_node_that_takes_no_binding_is_a_reason_or_strictly_no_node)
{
	check_refusal(EINVAL, -ENODEV);
	CHECK_INT(stats().einval_count, ==, 2);
}

TEST(any_other_refusal_is_a_reason_too)
{
	check_refusal(EIO, -EIO);
	CHECK_INT(stats().other_count, ==, 2);
}

TEST(a_refused_binding_that_may_be_preferred_is_preferred)
{
	struct nw_mem mem;

	need_policies();
	fault_set(FAULT_MBIND, 1, 1, EINVAL);
	mem = alloc(node0, PAGE, 0);
	CHECK_INT(mem.level, ==, NW_MEM_PREFERRED);
	CHECK_INT(mem.reason, ==, -EINVAL);
	CHECK_INT(stats().preferred_count, ==, 1);
	nw_mem_free(&mem);
	fault_set(FAULT_MBIND, 1, 1, EINVAL);
	CHECK_INT(nw_mem_alloc(&mem, node0, PAGE, NW_MEM_STRICT), ==, -ENODEV);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(no_memory_for_pages_or_policy_fails_and_leaves_nothing)
{
	struct nw_mem mem = { .n_bytes = 42 };
	uint64_t live = stats().live_bytes;

	fault_set(FAULT_MMAP, 1, 1, ENOMEM);
	CHECK_INT(nw_mem_alloc(&mem, node0, PAGE, 0), ==, -ENOMEM);
	fault_set(FAULT_MBIND, 1, 1, ENOMEM);
	CHECK_INT(nw_mem_alloc(&mem, node0, PAGE, 0), ==, -ENOMEM);
	fault_clear();
	CHECK_INT(mem.n_bytes, ==, 42);
	CHECK_INT(stats().live_bytes, ==, live);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(without_a_node_there_is_no_policy_and_no_reason)
{
	struct nw_mem mem = alloc(NW_NODE_ANY, PAGE, NW_MEM_STRICT);

	CHECK_INT(mem.level, ==, NW_MEM_UNBOUND);
	CHECK_INT(mem.reason, ==, 0);
	CHECK_INT(mem.node.id, ==, -1);
	nw_mem_free(&mem);
}

TEST(local_memory_is_on_a_node_that_it_names)
{
	struct nw_mem mem;

	need_policies();
	mem = alloc(NW_NODE_ANY, 5 * PAGE, NW_MEM_LOCAL | NW_MEM_PREFAULT);
	CHECK(node_exists(mem.node.id));
	if (mem.level == NW_MEM_BOUND)
		CHECK_INT(where(mem.base, mem.n_bytes).on_node[mem.node.id], ==, 5);
	nw_mem_free(&mem);
}

TEST(interleaved_memory_is_spread_evenly)
{
	struct nw_mem_map map;
	struct nw_mem mem;
	unsigned used = 0;

	need_policies();
	mem = alloc(NW_NODE_ANY, 1200 * PAGE, NW_MEM_INTERLEAVE | NW_MEM_PREFAULT);
	CHECK_INT(mem.level, ==, NW_MEM_BOUND);
	map = where(mem.base, mem.n_bytes);
	for (int id = 0; id <= NW_NODE_ID_MAX; id++)
		used += map.on_node[id] > 0;
	CHECK_INT(used, >, 0);
	for (int id = 0; id <= NW_NODE_ID_MAX; id++) {
		if (map.on_node[id] > 0)
			CHECK_INT(map.on_node[id] - 1200 / used + 1, <=, 2);
	}
	nw_mem_free(&mem);
}

TEST(prefaulted_pages_all_have_memory)
{
	struct nw_mem mem = alloc(NW_NODE_ANY, 300 * PAGE, NW_MEM_PREFAULT);

	CHECK_INT(where(mem.base, mem.n_bytes).untouched_count, ==, 0);
	nw_mem_free(&mem);
	fault_set(FAULT_MADVISE, 1, 2, EINVAL); /* a kernel before 5.14, without huge pages */
	mem = alloc(NW_NODE_ANY, 300 * PAGE, NW_MEM_PREFAULT);
	CHECK_INT(where(mem.base, mem.n_bytes).untouched_count, ==, 0);
	nw_mem_free(&mem);
}

TEST(huge_blocks_are_aligned_and_say_their_kind)
{
	struct nw_mem mem = alloc(node0, HUGE + 1, NW_MEM_HUGE);

	CHECK_INT(mem.n_bytes, ==, 2 * HUGE);
	CHECK_INT((uintptr_t)mem.base % HUGE, ==, 0);
	memset(mem.base, 1, mem.n_bytes);
	CHECK_INT(where(mem.base, mem.n_bytes).untouched_count, ==, 0);
	nw_mem_free(&mem);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
	mem = alloc(node0, HUGE - 1, NW_MEM_HUGE); /* less than a huge page */
	CHECK_INT(mem.pages, ==, NW_MEM_PAGES_BASE);
	CHECK_INT(mem.n_bytes, ==, HUGE);
	nw_mem_free(&mem);
}

TEST(a_kernel_without_thp_gives_base_pages_and_says_so)
{
	struct nw_mem mem;

	fault_set(FAULT_MMAP, 1, 1, ENOMEM);    /* no hugetlb for a block without a node */
	fault_set(FAULT_MADVISE, 1, 1, EINVAL); /* nor transparent ones */
	mem = alloc(NW_NODE_ANY, HUGE, NW_MEM_HUGE);
	CHECK_INT(mem.pages, ==, NW_MEM_PAGES_BASE);
	nw_mem_free(&mem);
}

TEST(hugetlb_pages_are_taken_from_large_to_small)
{
	struct nw_mem mem;

	fault_fake_hugetlb(true);
	mem = alloc(NW_NODE_ANY, 3 * HUGE - 1, NW_MEM_HUGE);
	CHECK_INT(mem.pages, ==, NW_MEM_PAGES_2M);
	CHECK_INT(mem.n_bytes, ==, 3 * HUGE);
	CHECK_INT(where(mem.base, mem.n_bytes).untouched_count, ==, 0);
	nw_mem_free(&mem);
	/* The pool of 1 GiB pages has none: their mapping fails, the next kind is tried. A kernel
	 * that cannot populate spares this test the gibibyte. */
	fault_set(FAULT_MMAP, 1, 1, ENOMEM);
	fault_set(FAULT_MADVISE, 1, 1, EINVAL);
	mem = alloc(NW_NODE_ANY, (size_t)1 << 30, NW_MEM_HUGE_1G);
	CHECK_INT(mem.pages, ==, NW_MEM_PAGES_2M);
	nw_mem_free(&mem);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(a_hugetlb_page_that_is_missing_at_the_touch_is_no_signal)
{
	struct nw_mem mem;

	fault_fake_hugetlb(true);
	fault_set(FAULT_MADVISE, 1, 1, EFAULT); /* populating says so */
	mem = alloc(NW_NODE_ANY, HUGE, NW_MEM_HUGE);
	CHECK_INT(mem.pages, <=, NW_MEM_PAGES_THP);
	nw_mem_free(&mem);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
	fault_set(FAULT_MADVISE, 1, 1, EINVAL); /* a kernel that cannot tell: pages are kept */
	mem = alloc(NW_NODE_ANY, HUGE, NW_MEM_HUGE);
	CHECK_INT(mem.pages, ==, NW_MEM_PAGES_2M);
	nw_mem_free(&mem);
	CHECK_INT(fault_mapped_bytes(), ==, 0);
}

TEST(a_bound_hugetlb_block_is_whole_or_not_hugetlb)
{
	char text[32] = "0";
	FILE *file = fopen("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/"
			   "free_hugepages",
			   "r");
	unsigned long free_count;
	struct nw_mem mem;

	if (file) {
		CHECK(fgets(text, sizeof(text), file));
		fclose(file);
	}
	free_count = strtoul(text, NULL, 10);
	if (free_count == 0)
		SKIP("node 0 has no free 2 MiB hugetlb pages");
	mem = alloc(node0, HUGE, NW_MEM_HUGE);
	CHECK_INT(mem.pages, ==, NW_MEM_PAGES_2M);
	CHECK_INT(where(mem.base, mem.n_bytes).on_node[0], ==, HUGE / PAGE);
	nw_mem_free(&mem);
	mem = alloc(node0, (free_count + 1) * HUGE, NW_MEM_HUGE);
	CHECK_INT(mem.pages, <=, NW_MEM_PAGES_THP);
	nw_mem_free(&mem);
}

TEST(pages_are_told_apart_touched_untouched_and_foreign)
{
	struct nw_mem mem = alloc(NW_NODE_ANY, 1000 * PAGE, 0);
	char *base = mem.base;
	struct nw_mem_map map;

	base[0] = base[300 * PAGE] = base[999 * PAGE] = 1;
	CHECK_INT(base[500 * PAGE], ==, 0); /* read only: the zero page */
	map = where(base, mem.n_bytes);
	CHECK_INT(map.page_count, ==, 1000);
	CHECK_INT(map.untouched_count, ==, 997);
	CHECK_INT(map.failed_count, ==, 0);
	CHECK_INT(where(base + PAGE - 1, 2).page_count, ==, 2);
	CHECK_INT(where(base, 1).page_count, ==, 1);
	CHECK_INT(where(base + 1, PAGE).page_count, ==, 2);
	CHECK_INT(munmap(base + 10 * PAGE, PAGE), ==, 0);
	CHECK_INT(where(base, mem.n_bytes).failed_count, ==, 1);
	nw_mem_free(&mem);
}

TEST(verify_says_what_the_kernel_refuses)
{
	struct nw_mem mem = alloc(NW_NODE_ANY, 1000 * PAGE, NW_MEM_PREFAULT);
	struct nw_mem_map map = { .page_count = 42 };

	CHECK_INT(nw_mem_verify(mem.base, 0, &map), ==, -EINVAL);
	CHECK_INT(nw_mem_verify(mem.base, SIZE_MAX, &map), ==, -EINVAL);
	fault_set(FAULT_MOVE_PAGES, 1, 1, ENOSYS);
	CHECK_INT(nw_mem_verify(mem.base, PAGE, &map), ==, -ENOSYS);
	fault_set(FAULT_MOVE_PAGES, 1, 1, EPERM);
	CHECK_INT(nw_mem_verify(mem.base, PAGE, &map), ==, -EPERM);
	CHECK_INT(map.page_count, ==, 42);
	fault_set(FAULT_MOVE_PAGES, 2, 1, ENOMEM); /* the second chunk */
	map = where(mem.base, mem.n_bytes);
	CHECK_INT(map.page_count, ==, 1000);
	CHECK_INT(map.failed_count, ==, 256);
	nw_mem_free(&mem);
}

TEST(a_threads_policy_comes_back_as_it_was)
{
	struct nw_mem_policy first, preferred, again;

	need_policies();
	CHECK_INT(nw_mem_policy_save(&first), ==, 0);
	CHECK_INT(nw_mem_policy_prefer(node0), ==, 0);
	CHECK_INT(nw_mem_policy_save(&preferred), ==, 0);
	CHECK_INT(preferred.mode, !=, first.mode);
	CHECK_INT(preferred.nodes[0], ==, 1);
	CHECK_INT(nw_mem_policy_restore(&first), ==, 0);
	CHECK_INT(nw_mem_policy_save(&again), ==, 0);
	CHECK_INT(again.mode, ==, first.mode);
	CHECK_INT(nw_mem_policy_restore(&preferred), ==, 0);
	CHECK_INT(nw_mem_policy_save(&again), ==, 0);
	CHECK_INT(again.mode, ==, preferred.mode);
	CHECK(memcmp(again.nodes, preferred.nodes, sizeof(again.nodes)) == 0);
	CHECK_INT(nw_mem_policy_prefer(NW_NODE_ANY), ==, 0);
	CHECK_INT(nw_mem_policy_save(&again), ==, 0);
	CHECK_INT(again.mode, ==, 0);
}

TEST(a_threads_policy_that_is_refused_says_why)
{
	struct nw_mem_policy policy = { .mode = 42 };

	fault_set(FAULT_GET_MEMPOLICY, 1, 1, EPERM);
	CHECK_INT(nw_mem_policy_save(&policy), ==, -EPERM);
	CHECK_INT(policy.mode, ==, 42);
	fault_set(FAULT_SET_MEMPOLICY, 1, 2, ENOSYS);
	CHECK_INT(nw_mem_policy_prefer(node0), ==, -ENOSYS);
	policy.mode = 0;
	CHECK_INT(nw_mem_policy_restore(&policy), ==, -ENOSYS);
	CHECK_INT(nw_mem_policy_prefer((nw_node){ (int16_t)missing_node() }), ==, -ENODEV);
	CHECK_INT(nw_mem_policy_prefer((nw_node){ 1024 }), ==, -ENODEV);
	CHECK_INT(nw_mem_policy_prefer((nw_node){ -7 }), ==, -EINVAL);
}

TEST(every_word_has_a_text)
{
	CHECK_STR(nw_mem_level_name(NW_MEM_BOUND), "bound");
	CHECK_STR(nw_mem_level_name(NW_MEM_PREFERRED), "preferred");
	CHECK_STR(nw_mem_level_name(NW_MEM_UNBOUND), "unbound");
	CHECK_STR(nw_mem_level_name((enum nw_mem_level)9), "?");
	CHECK_STR(nw_mem_pages_name(NW_MEM_PAGES_1G), "1 GiB hugetlb pages");
	CHECK_STR(nw_mem_pages_name((enum nw_mem_pages)9), "?");
	CHECK(strcmp(nw_mem_reason_text(-EPERM), nw_mem_reason_text(-ENOSYS)) != 0);
	CHECK(strcmp(nw_mem_reason_text(-EINVAL), nw_mem_reason_text(-ENOSYS)) != 0);
	CHECK(nw_mem_reason_text(-EIO)[0] != '\0');
}

TEST(base_pages_stay_base_pages)
{
	struct nw_mem mem = alloc(NW_NODE_ANY, 4 * HUGE, 0);
	char *base = mem.base;

	CHECK_INT(mem.pages, ==, NW_MEM_PAGES_BASE);
	for (size_t at = 0; at < mem.n_bytes; at += HUGE)
		base[at] = 1;
	CHECK_INT(where(base, mem.n_bytes).untouched_count, ==, 4 * (HUGE / PAGE - 1));
	nw_mem_free(&mem);
}
