/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Hazard pointers: who reads an object says so, and nobody frees it until then.
 *
 * A domain has threads; a registered thread has a handle with a few slots. A reader puts a pointer
 * into a slot, checks that the object is still linked, and may then use it until it clears the
 * slot or sets it anew. Who unlinked an object retires it; its deleter runs later, on a thread
 * that retires or waits, when no slot holds it.
 *
 *                          protect, set, clear   retire, scan   barrier   register   destroy
 *     protect, set, clear          H                  H            H         -          X
 *     retire, scan                 H                  H            H         -          X
 *     barrier                      H                  H            H         -          X
 *     register                     -                  -            -         -          X
 *     destroy                      X                  X            X         X          X
 *
 * H: calls with one handle must not overlap, with different handles they may. X: the caller must
 * keep the two from overlapping. -: any overlap is fine. Unregister counts as retire.
 *
 * Bound: at most thread_count_max * (batch + slots) objects are retired and not yet reclaimed,
 * however long a reader sleeps, where slots = slots_per_thread * thread_count_max and
 * batch = max(batch_min, 2 * slots); nw_hazard_stats() computes it. What deleters that are
 * running just now have retired comes on top.
 *
 * Progress: set and clear are wait-free; protect is lock-free (it tries again only if the source
 * changed); retire is wait-free but for the deleters it runs and for a barrier that is taking this
 * thread's list; barrier waits for scans of other threads that are running.
 *
 * Order: what a reader did with an object before it cleared the slot happens before the deleter.
 *
 * Fences: a reader's publication must be seen before it checks the link. Where the kernel has
 * membarrier(2), readers run without a fence and a scan makes the kernel put one into each
 * running thread; elsewhere (and under ThreadSanitizer) every publication carries a full fence.
 * It is decided when the domain is created: `fence_reason` of nw_hazard_stats().
 *
 * Rules: only the thread whose operation unlinked an object retires it, once. The link that is
 * checked must be one that unlinking changes, in an object that is itself protected or never
 * freed; so no walking on through unlinked objects. A signal handler must not use the handle of
 * the thread it interrupted. Memory that deleters live in (a plug-in's) goes after a barrier.
 */
#ifndef NW_HAZARD_H
#define NW_HAZARD_H

#include <nw/base.h>
#include <nw/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __cplusplus
#include <assert.h>
#include <stdatomic.h>
#endif

NW_BEGIN_DECLS

/** A domain: the threads whose slots a scan looks at. Opaque. */
struct nw_hazard;

/** A registered thread's handle. Opaque but to the functions of this header. */
struct nw_hazard_thread;

/** Largest and default number of slots of a thread. */
#define NW_HAZARD_SLOTS_MAX     64u
#define NW_HAZARD_SLOTS_DEFAULT 4u

/**
 * What frees an object. It may retire others through `thread` and protect in slots that the
 * interrupted operation does not use; it must not call nw_hazard_barrier(), nw_hazard_scan() is a
 * no-op in it.
 *
 * `thread` is the handle of the thread it runs on, not always that of the one which retired ptr.
 */
typedef void nw_hazard_fn(struct nw_hazard_thread *thread, void *ptr, void *arg);

/** Put it into the object, anywhere, so that retiring allocates nothing. Any content. */
struct nw_retired {
	struct nw_retired *next;
	void *ptr;
	nw_hazard_fn *fn;
	void *arg;
};

/** All zero: the defaults. */
struct nw_hazard_options {
	uint32_t slots_per_thread; /* 2..NW_HAZARD_SLOTS_MAX; 0: NW_HAZARD_SLOTS_DEFAULT */
	uint32_t batch_min;        /* retired objects before a scan, at least; 0: 1024 */
	bool full_fences;          /* as where the kernel has no membarrier */
};

/** Each number is recent; they are not of one instant. */
struct nw_hazard_stats {
	uint32_t thread_count;     /* registered now */
	uint32_t thread_count_max; /* at once since creation; their slots are all looked at */
	uint32_t slots_per_thread;
	int fence_reason;         /* 0: readers without fences; else the negative errno that put
				   * full ones in: -ENOSYS, -EINVAL: the kernel has no membarrier;
				   * -EPERM: a sandbox refuses; -ECANCELED: options asked for it;
				   * -ENOTSUP: built for ThreadSanitizer */
	uint64_t retired_count;   /* since creation */
	uint64_t reclaimed_count; /* of them */
	uint64_t garbage_max;     /* the bound on retired_count - reclaimed_count */
	uint64_t scan_count;
	uint64_t refused_count; /* scans that freed nothing: membarrier was refused after all */
};

/**
 * Create a domain whose slots and handles have their home on one node.
 *
 * @param ret_domain  set on success, untouched on failure
 * @param node        as nw_mem_alloc() takes it
 * @param options     NULL: all defaults; borrowed for the call
 * @return 0
 * @return -EINVAL  slots_per_thread out of range, or node as nw_mem_alloc() says
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any.
 * Owner:   the caller; release with nw_hazard_destroy().
 * Cost:    whole pages; system calls.
 */
NW_API int nw_hazard_create(struct nw_hazard **ret_domain, nw_node node,
			    const struct nw_hazard_options *options) NW_MUST_USE;

/**
 * Run every deleter that is left, then release the domain. NULL is a no-op.
 *
 * Threads: one, when every thread is unregistered. Deleters get a handle that may retire.
 */
NW_API void nw_hazard_destroy(struct nw_hazard *domain);

/**
 * Lend the process's own domain: default options, no node named. The first call creates it;
 * it is never destroyed.
 *
 * @param ret_domain  set on success, untouched on failure
 * @return 0
 * @return another  as nw_hazard_create() says; the next call tries again
 *
 * Threads: any.
 * Owner:   the library.
 */
NW_API int nw_hazard_default(struct nw_hazard **ret_domain) NW_MUST_USE;

/**
 * Join a domain.
 *
 * @param ret_thread  set on success, untouched on failure; its slots are clear
 * @param domain      kept until nw_hazard_unregister()
 * @return 0
 * @return -ENOMEM  no memory for another handle
 *
 * Threads: any. A handle is used by one thread at a time; it may be handed on where something
 *          else orders the two.
 * Owner:   the caller; release with nw_hazard_unregister(), before the thread ends. The memory
 *          is kept for the next thread that registers, until the domain is destroyed.
 * Progress: waits for other threads that are registering or leaving.
 */
NW_API int nw_hazard_register(struct nw_hazard_thread **ret_thread, struct nw_hazard *domain)
	NW_MUST_USE;

/**
 * Leave the domain. Slots are cleared, what can be reclaimed is, the rest of the retired objects
 * is handed on to the threads that stay. NULL is a no-op.
 *
 * Threads: the handle's; not from a deleter.
 * Cost:    one scan.
 */
NW_API void nw_hazard_unregister(struct nw_hazard_thread *thread);

/** The domain of a handle, lent. Threads: any. */
NW_API struct nw_hazard *nw_hazard_domain_of(const struct nw_hazard_thread *thread);

/**
 * Load a pointer and protect what it points to: until this slot is cleared or set anew, no deleter
 * runs on it.
 *
 * @param slot  0..slots_per_thread-1
 * @param src   address of an _Atomic pointer to an object (C++: of a std::atomic one)
 * @return what *src held at a moment when the slot already held it; NULL protects nothing
 *
 * Threads: the handle's.
 * Order:   what happened before the release store that put the pointer there happens before the
 *          return.
 * Progress: lock-free.
 * Cost:    two loads and a store; a full fence where fence_reason is not 0.
 */
NW_API NW_INLINE void *nw_hazard_protect(struct nw_hazard_thread *thread, uint32_t slot,
					 const void *src);

/**
 * Announce a pointer. It protects only if, after this call, the object is seen to be still
 * linked: load the link again (acquire) and compare. A pointer that a lower slot protects at the
 * time needs no check: scans look at slots in rising order.
 *
 * @param slot  0..slots_per_thread-1
 * @param ptr   the address the object will be retired by (no tag bits)
 *
 * Threads: the handle's.
 * Order:   the announcement is seen by scans before any load that follows is made.
 * Progress: wait-free.
 */
NW_API NW_INLINE void nw_hazard_set(struct nw_hazard_thread *thread, uint32_t slot, void *ptr);

/**
 * Protect nothing in this slot any more.
 *
 * @param slot  0..slots_per_thread-1
 *
 * Threads: the handle's.
 * Order:   what the thread did with the object happens before its deleter.
 * Progress: wait-free.
 */
NW_API NW_INLINE void nw_hazard_clear(struct nw_hazard_thread *thread, uint32_t slot);

/**
 * Hand over an object that this thread has unlinked: no thread can find it any more, some may
 * still hold it. When a batch is full, objects that no slot holds are reclaimed: their deleters
 * run inside this call.
 *
 * @param retired  room in the object; the library's until the deleter runs
 * @param ptr      what readers protect: the deleter's argument
 * @param fn       the deleter
 * @param arg      handed to fn as it is
 *
 * Threads: the handle's; also from a deleter, which then returns before it is reclaimed.
 * Owner:   takes the object; the deleter gives it back.
 * Cost:    a store to the thread's own lines; once a batch, a scan: one membarrier and one look at
 *          every slot of the domain.
 */
NW_API void nw_hazard_retire(struct nw_hazard_thread *thread, struct nw_retired *retired, void *ptr,
			     nw_hazard_fn *fn, void *arg);

/**
 * Reclaim now what this thread retired, and what threads that left handed on.
 *
 * @return how many deleters ran
 *
 * Threads: the handle's. From a deleter it does nothing and returns 0.
 */
NW_API uint64_t nw_hazard_scan(struct nw_hazard_thread *thread);

/**
 * Reclaim what any thread of the domain retired before this call, unless it is protected: when it
 * returns, the deleters of all others have run, here or where they had been started.
 *
 * Threads: the handle's; not from a deleter, and not while holding what a deleter waits for.
 * Order:   those deleters happen before the return.
 * Progress: waits for deleters that other threads are running, and, if the kernel begins to refuse
 *          membarrier, for ever.
 * Cost:    two membarriers and one look at every slot.
 */
NW_API void nw_hazard_barrier(struct nw_hazard_thread *thread);

/**
 * Read the counts.
 *
 * Threads: any.
 */
NW_API void nw_hazard_stats(const struct nw_hazard *domain, struct nw_hazard_stats *ret_stats);

/**
 * In the child of a fork(): forget the threads that are not there. Their slots protect nothing
 * any more, their handles are free, what they had retired is handed on. What one of them was
 * reclaiming at that moment is lost to the child: leaked, never freed twice.
 *
 * The first call on this domain in the child. No thread may have been creating, destroying,
 * registering or leaving while the parent forked.
 *
 * @param self  the forking thread's handle, which stays; NULL: it had none
 *
 * Threads: the child's only one.
 */
NW_API void nw_hazard_after_fork_child(struct nw_hazard *domain, struct nw_hazard_thread *self);

/**
 * A publication with a full fence: what nw_hazard_set() does where fence_reason is not 0.
 *
 * Threads: the handle's.
 */
NW_API void nw_hazard_set_fenced(struct nw_hazard_thread *thread, uint32_t slot, void *ptr);

#ifndef __cplusplus

struct nw_hazard_thread {
	uint32_t slot_count;                        /* 0: not registered */
	bool is_fenced;                             /* constant while registered */
	_Atomic(void *) slots[NW_HAZARD_SLOTS_MAX]; /* only this thread writes them, scans read */
};

NW_INLINE void nw_hazard_set(struct nw_hazard_thread *thread, uint32_t slot, void *ptr)
{
	assert(slot < thread->slot_count);
	if (NW_UNLIKELY(thread->is_fenced)) {
		nw_hazard_set_fenced(thread, slot, ptr);
		return;
	}
	/* [hazard_set.slot] release, pairs with [hazard_scan.slot]: this thread's use of the
	 * object that the slot held before. */
	atomic_store_explicit(&thread->slots[slot], ptr, memory_order_release);
	/* [hazard_set.light] fence, pairs with [fence.full]: the slot is written before the link is
	 * read again; the scan's membarrier makes this a fence of the CPU's as well. */
	atomic_signal_fence(memory_order_seq_cst);
}

NW_INLINE void *nw_hazard_protect(struct nw_hazard_thread *thread, uint32_t slot, const void *src)
{
	const _Atomic(void *) *from = (const _Atomic(void *) *)src;
	/* relaxed: re-checked below, after the slot is set. */
	void *seen = atomic_load_explicit(from, memory_order_relaxed), *ptr;

	do {
		ptr = seen;
		nw_hazard_set(thread, slot, ptr);
		seen = atomic_load(from);
	} while (seen != ptr);
	return ptr;
}

NW_INLINE void nw_hazard_clear(struct nw_hazard_thread *thread, uint32_t slot)
{
	assert(slot < thread->slot_count);
	/* [hazard_clear.slot] release, pairs with [hazard_scan.slot]: this thread's use of the
	 * object is over before the deleter runs. */
	atomic_store_explicit(&thread->slots[slot], NULL, memory_order_release);
}

/* In C, src must be the address of a pointer: that of the object itself does not compile. */
#define nw_hazard_protect(thread, slot, src) \
	(nw_hazard_protect)((thread), (slot), &(src)[0 * sizeof(*(src) == (void *)0)])

#endif

NW_END_DECLS

#endif /* NW_HAZARD_H */
