/* SPDX-License-Identifier: MIT */
/* Is memory where it was asked for? Each check allocates, writes to every page, and asks the
 * kernel for every page's node.
 *
 * Invariant: a check is VERDICT_OK only if every page was found on the node it was meant for;
 * what the kernel would not tell counts as not found. */
#include "verify/verify.h"

#include "common/app.h"

#include <nw/slab.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_BYTES = 4 << 20,
	BLOCK_BYTES_MIN = 64 << 10,
	HUGE_BYTES = 8 << 20,
	CELL_BYTES = 512 << 20, /* all blocks that are bound in turn, together */
	TOUCHED_FROM_ALL_MAX = 64,
	HOME_ITEM_COUNT = 1000,
	HOME_ITEM_BYTES = 256,
};

/* What was found out about one node's memory. */
struct tally {
	uint64_t page_count; /* or items */
	uint64_t right_count;
	uint32_t from_count; /* nodes the pages were touched from */
	enum nw_mem_level level;
	int reason; /* of the level, or why nothing was allocated or read back */
	enum nw_mem_pages pages;
};

static nw_node memory_node(const struct verify *verify, uint32_t node_idx)
{
	return verify_node(verify, node_idx)->memory_node;
}

static bool has_memory(const struct verify *verify, uint32_t node_idx)
{
	return verify_node(verify, node_idx)->memory_bytes > 0;
}

/* Where the pages of a block that was just written to are; the map is too large for a stack. */
static void look(const struct nw_mem *mem, nw_node meant, struct tally *tally)
{
	struct nw_mem_map *map = malloc(sizeof(*map));
	int rc = map ? nw_mem_verify(mem->base, mem->n_bytes, map) : -ENOMEM;

	if (rc == 0 && meant.id >= 0) {
		tally->page_count += map->page_count;
		tally->right_count += map->on_node[meant.id];
	} else if (rc < 0) {
		tally->reason = rc;
	}
	free(map);
}

/* Allocates on a node (or as flags say), writes, looks. */
static void try_block(nw_node node, size_t n_bytes, unsigned flags, nw_node meant,
		      struct tally *tally)
{
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, node, n_bytes, flags);

	if (rc < 0) {
		tally->level = NW_MEM_UNBOUND;
		tally->reason = rc;
		return;
	}
	if (mem.level > tally->level) {
		tally->level = mem.level;
		tally->reason = mem.reason;
	}
	tally->pages = mem.pages;
	memset(mem.base, 0x5a, mem.n_bytes);
	look(&mem, meant, tally);
	nw_mem_free(&mem);
}

static bool is_proved(const struct tally *tally)
{
	return tally->page_count > 0 && tally->right_count == tally->page_count &&
	       tally->level == NW_MEM_BOUND && tally->reason == 0;
}

/* Notes a tally of memory that was bound; `what` it counts. */
static void judge(struct verify *verify, const char *name, uint32_t node_idx,
		  const struct tally *tally, const char *what, const char *more)
{
	enum verdict verdict = is_proved(tally) ? VERDICT_OK : VERDICT_FAILED;

	if (tally->level != NW_MEM_BOUND || tally->reason != 0)
		verify_note(verify, name, (int)node_idx, verdict, "%s: %s",
			    tally->level == NW_MEM_BOUND ? "cannot be proved"
							 : nw_mem_level_name(tally->level),
			    nw_mem_reason_text(tally->reason));
	else
		verify_note(verify, name, (int)node_idx, verdict,
			    "%" PRIu64 " of %" PRIu64 " %s on node %d%s", tally->right_count,
			    tally->page_count, what, memory_node(verify, node_idx).id, more);
}

/* Blocks on every node's memory, written to from one node. */
struct binding {
	const struct verify *verify;
	size_t n_bytes;
	uint32_t only; /* this node's memory alone, or UINT32_MAX */
	struct tally *tallies;
};

static void bind_all(struct nw_crew_worker *worker, void *arg)
{
	const struct binding *binding = arg;

	(void)worker;
	for (uint32_t i = 0; i < binding->verify->node_count && !app_was_interrupted(); i++) {
		nw_node node = memory_node(binding->verify, i);

		if (!has_memory(binding->verify, i) ||
		    (binding->only != UINT32_MAX && binding->only != i))
			continue;
		try_block(node, binding->n_bytes, 0, node, &binding->tallies[i]);
		binding->tallies[i].from_count++;
	}
}

static void run_binding(struct verify *verify, struct binding *binding, uint32_t from)
{
	struct nw_diag diag;

	if (verify_run_on(verify, from, bind_all, binding, &diag) < 0)
		verify_note(verify, "bind", (int)from, VERDICT_FAILED, "%s", diag.text);
}

/* Every node's memory from every node's CPUs; with very many nodes only from the nearest. */
static void touch_from_all(struct verify *verify, struct binding *binding)
{
	for (uint32_t i = 0; i < verify->node_count && !app_was_interrupted(); i++) {
		if (verify->node_count > TOUCHED_FROM_ALL_MAX)
			binding->only = i;
		else if (verify_node(verify, i)->cpu_count == 0)
			continue;
		run_binding(verify, binding, verify_server_of(verify, i));
	}
}

static void verify_binding(struct verify *verify)
{
	size_t cells = (size_t)verify->node_count * verify->node_count;
	size_t n_bytes = CELL_BYTES / cells < BLOCK_BYTES ? CELL_BYTES / cells : BLOCK_BYTES;
	struct binding binding = { .verify = verify, .only = UINT32_MAX };
	char more[64];

	binding.tallies = calloc(verify->node_count, sizeof(*binding.tallies));
	if (!binding.tallies) {
		verify_note(verify, "bind", ALL_NODES, VERDICT_FAILED, "no memory");
		return;
	}
	if (verify->is_quick)
		n_bytes /= 4;
	binding.n_bytes = n_bytes > BLOCK_BYTES_MIN ? n_bytes : BLOCK_BYTES_MIN;
	touch_from_all(verify, &binding);
	for (uint32_t i = 0; i < verify->node_count; i++) {
		(void)snprintf(more, sizeof(more), ", written from %u node%s",
			       binding.tallies[i].from_count,
			       binding.tallies[i].from_count == 1 ? "" : "s");
		if (has_memory(verify, i))
			judge(verify, "bind", i, &binding.tallies[i], "pages", more);
		else
			verify_note(verify, "bind", (int)i, VERDICT_SKIPPED,
				    "the node has no memory");
	}
	free(binding.tallies);
}

static void verify_huge(struct verify *verify, uint32_t node_idx)
{
	nw_node node = memory_node(verify, node_idx);
	struct tally tally = { 0 };
	char more[64];

	try_block(node, HUGE_BYTES, NW_MEM_HUGE, node, &tally);
	(void)snprintf(more, sizeof(more), ", %s", nw_mem_pages_name(tally.pages));
	judge(verify, "huge", node_idx, &tally, "pages", more);
	if (tally.pages == NW_MEM_PAGES_BASE)
		app_note(VERIFY, "no huge pages here: neither a hugetlb pool nor transparent ones");
}

/* Memory that follows the thread: asked for as local, and by default. */
struct local {
	nw_node node;
	struct tally asked, by_default;
};

static void touch_locally(struct nw_crew_worker *worker, void *arg)
{
	struct local *local = arg;

	(void)worker;
	try_block(NW_NODE_ANY, BLOCK_BYTES / 4, NW_MEM_LOCAL, local->node, &local->asked);
	try_block(NW_NODE_ANY, BLOCK_BYTES / 4, 0, local->node, &local->by_default);
}

static void verify_local(struct verify *verify, uint32_t node_idx)
{
	struct local local = { .node = memory_node(verify, node_idx) };
	struct nw_diag diag;

	if (verify_node(verify, node_idx)->cpu_count == 0) {
		verify_note(verify, "local", (int)node_idx, VERDICT_SKIPPED,
			    "the node has no CPUs");
		return;
	}
	if (verify_run_on(verify, node_idx, touch_locally, &local, &diag) < 0) {
		verify_note(verify, "local", (int)node_idx, VERDICT_FAILED, "%s", diag.text);
		return;
	}
	judge(verify, "local", node_idx, &local.asked, "pages", ", asked for where the thread ran");
	/* No policy was asked for, so no level can be reached: only the places count. */
	local.by_default.level = NW_MEM_BOUND;
	judge(verify, "first touch", node_idx, &local.by_default, "pages", ", without a policy");
}

static bool is_same_policy(const struct nw_mem_policy *a, const struct nw_mem_policy *b)
{
	return a->mode == b->mode && memcmp(a->nodes, b->nodes, sizeof(a->nodes)) == 0;
}

static void verify_prefer(struct verify *verify, uint32_t node_idx)
{
	nw_node node = memory_node(verify, node_idx);
	struct nw_mem_policy before, after = { .mode = -1 };
	struct tally tally = { 0 };
	int rc = nw_mem_policy_save(&before);

	if (rc == 0)
		rc = nw_mem_policy_prefer(node);
	if (rc < 0) {
		verify_note(verify, "prefer", (int)node_idx, VERDICT_FAILED, "%s",
			    nw_mem_reason_text(rc));
		return;
	}
	try_block(NW_NODE_ANY, BLOCK_BYTES / 4, 0, node, &tally);
	rc = nw_mem_policy_restore(&before);
	if (rc == 0)
		rc = nw_mem_policy_save(&after);
	if (rc < 0 || !is_same_policy(&before, &after)) {
		verify_note(verify, "prefer", (int)node_idx, VERDICT_FAILED,
			    "the thread's policy did not come back: %s", nw_mem_reason_text(rc));
		return;
	}
	tally.level = NW_MEM_BOUND; /* the thread's policy: the block has none of its own */
	judge(verify, "prefer", node_idx, &tally, "pages",
	      ", by the thread's policy, then restored");
}

struct homecoming {
	void *items[HOME_ITEM_COUNT];
};

static void free_from_afar(struct nw_crew_worker *worker, void *arg)
{
	struct homecoming *homecoming = arg;

	(void)worker;
	for (int i = 0; i < HOME_ITEM_COUNT; i++)
		nw_slab_free(NULL, homecoming->items[i]);
}

/* Takes the items, and writes to them; false: no memory. */
static bool take_items(struct nw_slab *slab, struct homecoming *homecoming)
{
	for (int i = 0; i < HOME_ITEM_COUNT; i++) {
		homecoming->items[i] = nw_slab_alloc(slab);
		if (!homecoming->items[i])
			return false;
		memset(homecoming->items[i], 0x5a, HOME_ITEM_BYTES);
	}
	return true;
}

/* An item is right when its slab says so and the kernel says so of every page it lies on. */
static void look_at_items(const struct homecoming *homecoming, nw_node node, struct tally *tally)
{
	for (int i = 0; i < HOME_ITEM_COUNT; i++) {
		struct nw_mem piece = { .base = homecoming->items[i], .n_bytes = HOME_ITEM_BYTES };
		struct tally pages = { 0 };

		look(&piece, node, &pages);
		if (pages.reason != 0)
			tally->reason = pages.reason;
		tally->page_count++;
		tally->right_count += nw_slab_node_of(piece.base).id == node.id &&
				      pages.page_count > 0 && pages.right_count == pages.page_count;
	}
}

/* Items taken, freed by a thread of another node, and taken again. */
static int send_home(struct verify *verify, uint32_t from, struct nw_slab *slab, nw_node node,
		     struct tally *tally)
{
	struct homecoming homecoming;
	struct nw_slab_stats stats;
	struct nw_diag diag;
	int rc;

	if (!take_items(slab, &homecoming))
		return -ENOMEM;
	rc = verify_run_on(verify, from, free_from_afar, &homecoming, &diag);
	if (rc < 0)
		return rc;
	if (!take_items(slab, &homecoming))
		return -ENOMEM;
	nw_slab_stats(slab, &stats);
	tally->level = stats.level;
	tally->reason = stats.reason;
	look_at_items(&homecoming, node, tally);
	return stats.home_count == HOME_ITEM_COUNT ? 0 : -EXDEV;
}

/* The next node with CPUs, itself if there is no other. */
static uint32_t neighbour_of(const struct verify *verify, uint32_t node_idx)
{
	for (uint32_t i = 1; i < verify->node_count; i++) {
		uint32_t next = (node_idx + i) % verify->node_count;

		if (verify_node(verify, next)->cpu_count > 0)
			return next;
	}
	return node_idx;
}

static void verify_homecoming(struct verify *verify, uint32_t node_idx)
{
	uint32_t from = neighbour_of(verify, node_idx);
	nw_node node = memory_node(verify, node_idx);
	struct tally tally = { 0 };
	struct nw_slab *slab;
	char more[96];
	int rc = nw_slab_create(&slab, node, HOME_ITEM_BYTES, 0);

	if (rc == 0) {
		rc = send_home(verify, from, slab, node, &tally);
		nw_slab_destroy(slab);
	}
	(void)snprintf(more, sizeof(more), ", freed from node %d and taken again",
		       verify_node(verify, from)->node.id);
	if (rc == 0)
		judge(verify, "home", node_idx, &tally, "items", more);
	else
		verify_note(verify, "home", (int)node_idx, VERDICT_FAILED,
			    rc == -EXDEV ? "freed items did not come home" : "%s", strerror(-rc));
}

/* Real nodes that a topology's nodes have their memory on. */
static uint32_t mark_memory_nodes(const struct verify *verify, bool *is_used)
{
	uint32_t used_count = 0;

	for (uint32_t i = 0; i < verify->node_count; i++) {
		int id = memory_node(verify, i).id;

		if (!has_memory(verify, i) || id < 0 || is_used[id])
			continue;
		is_used[id] = true;
		used_count++;
	}
	return used_count;
}

static void judge_spread(struct verify *verify, const struct nw_mem_map *map)
{
	static bool is_used[NW_NODE_ID_MAX + 1];
	uint32_t used_count = mark_memory_nodes(verify, is_used);
	uint64_t fewest = UINT64_MAX, most = 0, found = 0;

	for (int id = 0; id <= NW_NODE_ID_MAX; id++) {
		if (!is_used[id])
			continue;
		fewest = map->on_node[id] < fewest ? map->on_node[id] : fewest;
		most = map->on_node[id] > most ? map->on_node[id] : most;
		found += map->on_node[id];
	}
	verify_note(verify, "interleave", ALL_NODES,
		    found == map->page_count && most - fewest <= 1 ? VERDICT_OK : VERDICT_FAILED,
		    "%" PRIu64 " pages over %u node%s, %" PRIu64 "..%" PRIu64 " on each",
		    map->page_count, used_count, used_count == 1 ? "" : "s", fewest, most);
}

static void verify_interleave(struct verify *verify)
{
	struct nw_mem_map *map = malloc(sizeof(*map));
	struct nw_mem mem = { 0 };
	int rc = map ? nw_mem_alloc(&mem, NW_NODE_ANY, BLOCK_BYTES, NW_MEM_INTERLEAVE) : -ENOMEM;

	if (rc == 0) {
		memset(mem.base, 0x5a, mem.n_bytes);
		rc = mem.level == NW_MEM_BOUND ? nw_mem_verify(mem.base, mem.n_bytes, map)
					       : mem.reason;
	}
	if (rc == 0)
		judge_spread(verify, map);
	else
		verify_note(verify, "interleave", ALL_NODES, VERDICT_FAILED, "%s",
			    nw_mem_reason_text(rc));
	nw_mem_free(&mem);
	free(map);
}

/* A node that does not exist must be an error, never a fallback. */
static void verify_missing(struct verify *verify)
{
	const nw_node last = { NW_NODE_ID_MAX };
	struct nw_mem mem;
	int rc;

	if (!verify->is_simulated && nw_topo_node_idx(verify->topo, last) >= 0) {
		verify_note(verify, "missing", ALL_NODES, VERDICT_SKIPPED,
			    "this machine has a node %d", last.id);
		return;
	}
	rc = nw_mem_alloc(&mem, last, BLOCK_BYTES_MIN, 0);
	if (rc == 0)
		nw_mem_free(&mem);
	verify_note(verify, "missing", ALL_NODES, rc == -ENODEV ? VERDICT_OK : VERDICT_FAILED,
		    rc == 0 ? "node %d, which does not exist, gave memory"
			    : "node %d, which does not exist, is refused",
		    last.id);
}

void verify_placement(struct verify *verify)
{
	verify_binding(verify);
	for (uint32_t i = 0; i < verify->node_count && !app_was_interrupted(); i++) {
		if (!has_memory(verify, i))
			continue;
		verify_huge(verify, i);
		verify_local(verify, i);
		verify_prefer(verify, i);
		verify_homecoming(verify, i);
	}
	verify_interleave(verify);
	verify_missing(verify);
}
