/* SPDX-License-Identifier: MIT */
/* Blocks of whole pages with a home.
 *
 * Pages are mapped, given their policy while none of them has memory, and only then touched: a
 * policy does not move pages that exist. Kinds of pages are tried from large to small, each from
 * the mapping on, so what is returned was never mixed.
 *
 * hugetlb pages are reserved machine-wide when they are mapped, but a bound range takes them from
 * one node, and a page that is not there is a SIGBUS at the first touch. So a bound range asks
 * the node first, and every hugetlb range is populated here by a call that can fail.
 *
 * Invariant: `level` and `reason` are what the kernel answered for these very pages; a failure
 * leaves nothing mapped and *ret_mem untouched. */
#include "mem/mem.h"

#include "os/pages.h"
#include "os/policy.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
	PUBLIC_FLAGS = NW_MEM_HUGE | NW_MEM_HUGE_1G | NW_MEM_PREFAULT | NW_MEM_STRICT |
		       NW_MEM_INTERLEAVE | NW_MEM_LOCAL,
	HUGE_BYTES = 1 << NWI_PAGE_2M_LOG2,
};

/* Written by any thread that allocates; statistics only. */
static struct {
	_Atomic uint64_t level_count[NW_MEM_UNBOUND + 1];
	_Atomic uint64_t eperm_count, enosys_count, einval_count, other_count;
	_Atomic uint64_t live_bytes;
} stats;

/* One allocation on its way. */
struct request {
	struct nwi_nodes nodes;
	nw_node node;
	size_t n_bytes; /* as asked */
	size_t align;
	unsigned flags;
};

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	/* relaxed: statistic. */
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void count_refusal(int reason)
{
	switch (reason) {
	case 0:
		break;
	case -EPERM:
		count(&stats.eperm_count, 1);
		break;
	case -ENOSYS:
		count(&stats.enosys_count, 1);
		break;
	case -EINVAL:
		count(&stats.einval_count, 1);
		break;
	default:
		count(&stats.other_count, 1);
	}
}

/* n rounded up to a multiple of a power of two; 0: it does not fit. */
static size_t round_up(size_t n, size_t unit)
{
	return n > SIZE_MAX - (unit - 1) ? 0 : (n + unit - 1) & ~(unit - 1);
}

static int prefer(const struct nw_mem *mem, const struct request *request)
{
	return nwi_policy_bind(mem->base, mem->n_bytes, NWI_POLICY_PREFERRED, &request->nodes);
}

/* Binds, or prefers where the node takes no binding. 0 with level and reason, or what makes the
 * pages useless. */
static int place(struct nw_mem *mem, const struct request *request)
{
	bool is_spread = request->flags & NW_MEM_INTERLEAVE;
	int rc;

	mem->level = NW_MEM_UNBOUND;
	mem->reason = 0;
	if (request->node.id < 0 && !is_spread)
		return 0;
	rc = nwi_policy_bind(mem->base, mem->n_bytes,
			     is_spread ? NWI_POLICY_INTERLEAVE : NWI_POLICY_BIND, &request->nodes);
	mem->reason = rc;
	if (rc == 0)
		mem->level = NW_MEM_BOUND;
	else if (rc == -EINVAL && !is_spread && prefer(mem, request) == 0)
		mem->level = NW_MEM_PREFERRED;
	return rc == -ENOMEM ? rc : 0;
}

/* hugetlb pages of one size, all of them populated. */
static int alloc_huge(struct nw_mem *mem, const struct request *request, unsigned page_log2)
{
	int rc;

	mem->n_bytes = round_up(request->n_bytes, (size_t)1 << page_log2);
	if (request->n_bytes < (size_t)1 << page_log2 || mem->n_bytes == 0)
		return -ENOMEM;
	if (request->node.id >= 0 &&
	    nwi_node_free_huge(request->node, page_log2) < mem->n_bytes >> page_log2)
		return -ENOMEM;
	rc = nwi_pages_map_huge(&mem->base, mem->n_bytes, page_log2);
	if (rc < 0)
		return rc;
	rc = place(mem, request);
	if (rc == 0)
		rc = nwi_pages_populate(mem->base, mem->n_bytes);
	/* -EINVAL: a kernel before 5.14; the look at the node's pool has to do. */
	if (rc < 0 && rc != -EINVAL)
		nwi_pages_unmap(mem->base, mem->n_bytes);
	return rc == -EINVAL ? 0 : rc;
}

static void prefault(void *base, size_t n_bytes)
{
	if (nwi_pages_populate(base, n_bytes) < 0)
		nwi_pages_touch(base, n_bytes);
}

/* Base pages, advised to be huge when that was asked for and the block is large enough. */
static int alloc_small(struct nw_mem *mem, const struct request *request)
{
	bool wants_huge = request->flags & NW_MEM_HUGE && request->n_bytes >= HUGE_BYTES;
	size_t unit = wants_huge ? HUGE_BYTES : nwi_page_bytes();
	int rc;

	mem->pages = NW_MEM_PAGES_BASE;
	mem->n_bytes = round_up(request->n_bytes, unit);
	if (mem->n_bytes == 0)
		return -ENOMEM;
	rc = nwi_pages_map(&mem->base, mem->n_bytes, request->align > unit ? request->align : unit,
			   request->flags & NWI_MEM_LAZY);
	if (rc < 0)
		return rc;
	rc = place(mem, request);
	if (rc < 0) {
		nwi_pages_unmap(mem->base, mem->n_bytes);
		return rc;
	}
	if (wants_huge && nwi_pages_advise_huge(mem->base, mem->n_bytes) == 0)
		mem->pages = NW_MEM_PAGES_THP;
	else
		/* So that what `pages` says is so, untouched neighbours cost nothing, and
		 * interleaving alternates page by page even where the kernel likes huge ones. */
		nwi_pages_advise_base(mem->base, mem->n_bytes);
	return 0;
}

static int alloc_any(struct nw_mem *mem, const struct request *request)
{
	bool may_hugetlb = request->flags & NW_MEM_HUGE && !(request->flags & NWI_MEM_LAZY);

	mem->pages = NW_MEM_PAGES_1G;
	if (request->flags & NW_MEM_HUGE_1G && alloc_huge(mem, request, NWI_PAGE_1G_LOG2) == 0)
		return 0;
	mem->pages = NW_MEM_PAGES_2M;
	if (may_hugetlb && alloc_huge(mem, request, NWI_PAGE_2M_LOG2) == 0)
		return 0;
	return alloc_small(mem, request);
}

static int check_request(nw_node node, size_t n_bytes, unsigned flags)
{
	bool is_named = node.id >= 0;
	bool is_found = flags & (NW_MEM_INTERLEAVE | NW_MEM_LOCAL);

	if (n_bytes == 0 || flags & ~(unsigned)(PUBLIC_FLAGS | NWI_MEM_LAZY))
		return -EINVAL;
	if (node.id < -1 || (is_named && is_found))
		return -EINVAL;
	if (flags & NW_MEM_INTERLEAVE && flags & NW_MEM_LOCAL)
		return -EINVAL;
	if (is_named && (node.id > NW_NODE_ID_MAX || !nwi_node_exists(node)))
		return -ENODEV;
	return 0;
}

static int make_request(struct request *ret_request, nw_node node, size_t n_bytes, unsigned flags,
			size_t align)
{
	struct request request = {
		.node = node, .n_bytes = n_bytes, .flags = flags, .align = align
	};
	int rc = check_request(node, n_bytes, flags);

	if (rc == 0 && flags & NW_MEM_LOCAL)
		rc = nwi_node_here(&request.node);
	if (rc < 0)
		return rc;
	if (flags & NW_MEM_HUGE_1G)
		request.flags |= NW_MEM_HUGE;
	if (flags & NW_MEM_INTERLEAVE)
		nwi_nodes_with_memory(&request.nodes);
	else if (request.node.id >= 0)
		nwi_nodes_add(&request.nodes, request.node);
	*ret_request = request;
	return 0;
}

int nwi_mem_check_node(nw_node node)
{
	return check_request(node, 1, 0);
}

int nwi_mem_place(struct nw_mem *mem, nw_node node)
{
	struct request request = { .node = node };
	int rc;

	if (node.id >= 0)
		nwi_nodes_add(&request.nodes, node);
	rc = place(mem, &request);
	if (rc == 0)
		mem->node = node;
	return rc;
}

void nwi_mem_count(const struct nw_mem *mem)
{
	count_refusal(mem->reason);
	count(&stats.level_count[mem->level], 1);
	count(&stats.live_bytes, mem->n_bytes);
}

int nwi_mem_alloc(struct nw_mem *ret_mem, nw_node node, size_t n_bytes, unsigned flags,
		  size_t align)
{
	struct request request;
	struct nw_mem mem;
	int rc = make_request(&request, node, n_bytes, flags, align);

	if (rc == 0)
		rc = alloc_any(&mem, &request);
	if (rc < 0)
		return rc;
	if (mem.reason != 0 && flags & NW_MEM_STRICT) {
		count_refusal(mem.reason);
		nwi_pages_unmap(mem.base, mem.n_bytes);
		return mem.reason == -EINVAL ? -ENODEV : mem.reason;
	}
	mem.node = request.node;
	if (flags & NW_MEM_PREFAULT)
		prefault(mem.base, mem.n_bytes);
	nwi_mem_count(&mem);
	*ret_mem = mem;
	return 0;
}

int nw_mem_alloc(struct nw_mem *ret_mem, nw_node node, size_t n_bytes, unsigned flags)
{
	if (flags & ~(unsigned)PUBLIC_FLAGS)
		return -EINVAL;
	return nwi_mem_alloc(ret_mem, node, n_bytes, flags, 0);
}

void nw_mem_free(struct nw_mem *mem)
{
	if (!mem || !mem->base)
		return;
	nwi_pages_unmap(mem->base, mem->n_bytes);
	/* relaxed: statistic. */
	atomic_fetch_sub_explicit(&stats.live_bytes, mem->n_bytes, memory_order_relaxed);
	*mem = (struct nw_mem){ .node = NW_NODE_ANY, .level = NW_MEM_UNBOUND };
}

static uint64_t counted(_Atomic uint64_t *counter)
{
	/* relaxed: statistic. */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void nw_mem_stats(struct nw_mem_stats *ret_stats)
{
	*ret_stats = (struct nw_mem_stats){
		.bound_count = counted(&stats.level_count[NW_MEM_BOUND]),
		.preferred_count = counted(&stats.level_count[NW_MEM_PREFERRED]),
		.unbound_count = counted(&stats.level_count[NW_MEM_UNBOUND]),
		.eperm_count = counted(&stats.eperm_count),
		.enosys_count = counted(&stats.enosys_count),
		.einval_count = counted(&stats.einval_count),
		.other_count = counted(&stats.other_count),
		.live_bytes = counted(&stats.live_bytes),
	};
}

const char *nw_mem_level_name(enum nw_mem_level level)
{
	static const char *const names[] = { "bound", "preferred", "unbound" };

	return (unsigned)level <= NW_MEM_UNBOUND ? names[level] : "?";
}

const char *nw_mem_pages_name(enum nw_mem_pages pages)
{
	static const char *const names[] = { "base pages", "transparent huge pages",
					     "2 MiB hugetlb pages", "1 GiB hugetlb pages" };

	return (unsigned)pages <= NW_MEM_PAGES_1G ? names[pages] : "?";
}

const char *nw_mem_reason_text(int reason)
{
	switch (reason) {
	case 0:
		return "no binding was asked for";
	case -EPERM:
		return "not permitted to set memory policies (a container's filter?)";
	case -ENOSYS:
		return "this kernel has no memory policies";
	case -EINVAL:
		return "the node has no memory, or the cpuset does not allow it";
	case -ENODEV:
		return "there is no such node, or it gives no memory";
	case -ENOMEM:
		return "the kernel has no memory for the policy or the pages";
	default:
		return "the kernel refused the memory policy";
	}
}
