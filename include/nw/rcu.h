/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Read-copy-update: readers enter and leave a section, writers wait until every section that
 * could have seen the old version has ended.
 *
 * Two flavours behind the same calls, chosen when a domain is created:
 *   NW_RCU_GENERAL    a section is what lies between nw_rcu_read_lock() and _unlock(); a thread
 *                     outside holds nobody up, whatever it does.
 *   NW_RCU_QUIESCENT  lock and unlock do nothing; instead each thread announces, with
 *                     nw_rcu_quiescent(), that it holds no reference just now, and goes offline
 *                     before it blocks. For the loops of crews. Whatever lies between two
 *                     announcements is one section. Code of this flavour alone marks its sections
 *                     with nw_rcu_read_lock_quiescent(), which does not ask which it is.
 *
 *                        lock, ...   quiescent, ...   call, ...   register   destroy
 *     lock, unlock          H             H              H          -          X
 *     quiescent, on-, off-  H             H              H          -          X
 *     call, run, barrier    H             H              H          -          X
 *     synchronize, poll     -             -              -          -          X
 *     register              -             -              -          -          X
 *     destroy               X             X              X          X          X
 *
 * H: calls with one handle must not overlap, with different handles they may. X: the caller must
 * keep the two from overlapping. -: any overlap is fine. Unregister counts as run.
 *
 * Progress: everything on the reader's side is wait-free, call is but for a barrier that is taking
 * this thread's callbacks; synchronize and barrier wait for readers. A reader that never leaves
 * its section (never announces) holds every grace period up, and garbage grows without bound:
 * nw_rcu_synchronize_for() names it.
 *
 * Order: what a section did happens before the return of a synchronize (the run of a callback)
 * that waited for it. What a writer did before synchronize happens before any section that
 * synchronize did not wait for.
 *
 * Fences: as in <nw/hazard.h>: sections of NW_RCU_GENERAL begin without a fence where the kernel
 * has membarrier(2), and with a full one elsewhere; `fence_reason` of nw_rcu_stats().
 *
 * Rules: a pointer from nw_rcu_dereference() is good until its section ends, not longer. Do not
 * wait for a grace period inside a section, nor with a lock held that a reader takes; with
 * NW_RCU_QUIESCENT do not block while online. No hidden thread: callbacks run inside nw_rcu_run(),
 * nw_rcu_barrier() and nw_rcu_destroy(), on the thread that calls them.
 */
#ifndef NW_RCU_H
#define NW_RCU_H

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

/** A domain: the readers that a grace period waits for. Opaque. */
struct nw_rcu;

/** A registered thread's handle. Opaque but to the functions of this header. */
struct nw_rcu_thread;

enum nw_rcu_flavour {
	NW_RCU_GENERAL,
	NW_RCU_QUIESCENT,
};

/** Most sections of one thread inside each other, and bytes of a thread's name with its zero. */
#define NW_RCU_NEST_MAX   16383u
#define NW_RCU_NAME_BYTES 16

/**
 * A callback, once a grace period after nw_rcu_call() has ended. It may use nw_rcu_call() and
 * sections; it must not wait for a grace period, and nw_rcu_run() does nothing in it.
 *
 * `thread` is the handle of the thread it runs on, not always that of the one that called.
 */
typedef void nw_rcu_fn(struct nw_rcu_thread *thread, void *ptr, void *arg);

/** Put it into the object, anywhere, so that nw_rcu_call() allocates nothing. Any content. */
struct nw_rcu_head {
	struct nw_rcu_head *next;
	void *ptr;
	nw_rcu_fn *fn;
	void *arg;
};

/** A grace period, as nw_rcu_start_poll() names it. */
typedef struct nw_rcu_cookie {
	uint64_t period;
} nw_rcu_cookie;

/** All zero: the defaults. */
struct nw_rcu_options {
	enum nw_rcu_flavour flavour;
	bool full_fences; /* as where the kernel has no membarrier */
};

/** Who holds a grace period up. */
struct nw_rcu_stall {
	char name[NW_RCU_NAME_BYTES]; /* of the reader seen first, as it registered */
	int32_t tid;                  /* of the thread that registered it, as in ps -L */
	uint32_t reader_count;        /* readers that hold it up, this one among them */
	uint64_t waited_ns;
};

/** Each number is recent; they are not of one instant. */
struct nw_rcu_stats {
	enum nw_rcu_flavour flavour;
	uint32_t thread_count;     /* registered now */
	uint32_t thread_count_max; /* at once since creation */
	int fence_reason;          /* as in struct nw_hazard_stats */
	uint64_t period_count;     /* grace periods begun since creation */
	uint64_t called_count;     /* callbacks since creation */
	uint64_t run_count;        /* of them */
	uint64_t refused_count;    /* grace periods not begun: membarrier was refused after all */
};

/**
 * Create a domain whose handles have their home on one node.
 *
 * @param ret_rcu  set on success, untouched on failure
 * @param node     as nw_mem_alloc() takes it
 * @param options  NULL: all defaults; borrowed for the call
 * @return 0
 * @return -EINVAL  no such flavour, or node as nw_mem_alloc() says
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any.
 * Owner:   the caller; release with nw_rcu_destroy().
 * Cost:    whole pages; system calls.
 */
NW_API int nw_rcu_create(struct nw_rcu **ret_rcu, nw_node node,
			 const struct nw_rcu_options *options) NW_MUST_USE;

/**
 * Run every callback that is left, those they call in turn too, then release the domain. NULL is
 * a no-op.
 *
 * Threads: one, when every thread is unregistered.
 */
NW_API void nw_rcu_destroy(struct nw_rcu *rcu);

/**
 * Join a domain as a reader. With NW_RCU_QUIESCENT the thread is online from now on.
 *
 * @param ret_thread  set on success, untouched on failure
 * @param rcu         kept until nw_rcu_unregister()
 * @param name        for struct nw_rcu_stall, cut to 15 bytes; NULL: the thread's own (ps -L)
 * @return 0
 * @return -ENOMEM  no memory for another handle
 *
 * Threads: any. A handle is used by one thread at a time; it may be handed on, outside of a
 *          section, where something else orders the two.
 * Owner:   the caller; release with nw_rcu_unregister(), before the thread ends. The memory is
 *          kept for the next thread that registers, until the domain is destroyed.
 * Progress: waits for other threads that are registering or leaving.
 */
NW_API int nw_rcu_register(struct nw_rcu_thread **ret_thread, struct nw_rcu *rcu, const char *name)
	NW_MUST_USE;

/**
 * Leave the domain, outside of a section; callbacks that have not run are handed on to the
 * threads that stay. NULL is a no-op.
 *
 * Threads: the handle's; not from a callback.
 */
NW_API void nw_rcu_unregister(struct nw_rcu_thread *thread);

/** The domain of a handle, lent. Threads: any. */
NW_API struct nw_rcu *nw_rcu_domain_of(const struct nw_rcu_thread *thread);

/**
 * Begin a section; sections nest. With NW_RCU_QUIESCENT the thread must be online.
 *
 * Threads: the handle's. A handle that is not registered is an assertion.
 * Order:   loads that follow are made after every writer can see the section.
 * Progress: wait-free.
 * Cost:    two loads and a store to the thread's own line, and a full fence where fence_reason is
 *          not 0; NW_RCU_QUIESCENT: one load (nw_rcu_read_lock_quiescent(): none).
 */
NW_API NW_INLINE void nw_rcu_read_lock(struct nw_rcu_thread *thread);

/**
 * End the section begun last. Pointers from it are not to be used any more.
 *
 * Threads: the handle's, inside a section.
 * Order:   what the section did happens before the end of a grace period that waits for it.
 * Progress: wait-free.
 */
NW_API NW_INLINE void nw_rcu_read_unlock(struct nw_rcu_thread *thread);

/**
 * Begin a section in code that knows its domain to be NW_RCU_QUIESCENT. Sections nest. It may be
 * left out altogether: it says where pointers are used, to the reader and to the assertions.
 *
 * Threads: the handle's, online. A handle that is not registered, or of the other flavour, is an
 *          assertion.
 * Progress: wait-free.
 * Cost:    none without assertions: no instruction, and nothing the compiler has to keep in order,
 *          since nw_rcu_quiescent() and nw_rcu_online() do that.
 */
NW_API NW_INLINE void nw_rcu_read_lock_quiescent(struct nw_rcu_thread *thread);

/**
 * End such a section. Pointers from it are not to be used any more.
 *
 * Threads: the handle's, online.
 * Progress: wait-free.
 * Cost:    none without assertions.
 */
NW_API NW_INLINE void nw_rcu_read_unlock_quiescent(struct nw_rcu_thread *thread);

/**
 * Announce that this thread holds no reference of the domain just now. With NW_RCU_GENERAL it
 * does nothing, so that a loop may serve both.
 *
 * Threads: the handle's, online, outside of any section.
 * Order:   what the thread did before happens before the end of the grace periods that waited.
 * Progress: wait-free.
 * Cost:    two loads and a store to the thread's own line.
 */
NW_API NW_INLINE void nw_rcu_quiescent(struct nw_rcu_thread *thread);

/**
 * Hold nobody up until nw_rcu_online(): before blocking, or a long stretch without references.
 * With NW_RCU_GENERAL it does nothing.
 *
 * Threads: the handle's, online, outside of any section.
 * Progress: wait-free.
 */
NW_API void nw_rcu_offline(struct nw_rcu_thread *thread);

/**
 * Count as a reader again. With NW_RCU_GENERAL it does nothing.
 *
 * Threads: the handle's, offline.
 * Progress: wait-free.
 */
NW_API void nw_rcu_online(struct nw_rcu_thread *thread);

/**
 * Wait until every section that had begun before this call has ended.
 *
 * @param self  the calling thread's handle, outside of any section (NW_RCU_QUIESCENT: it counts as
 *              offline for the duration); NULL: the caller is not registered
 *
 * Threads: any; not from a callback.
 * Progress: blocks on readers: spins, yields, then sleeps up to 1 ms at a time; if the kernel
 * begins to refuse membarrier, for ever. Cost:    one membarrier and a look at every reader; none
 * of the readers' paths gets slower.
 */
NW_API void nw_rcu_synchronize(struct nw_rcu *rcu, struct nw_rcu_thread *self);

/**
 * Wait as nw_rcu_synchronize() does, but not for ever, and tell who stands in the way.
 *
 * @param self          as in nw_rcu_synchronize()
 * @param timeout_ns    at least so long, unless it ends before; 0: look once
 * @param reterr_stall  set if -ETIMEDOUT is returned, else untouched; NULL: not wanted
 * @return 0
 * @return -ETIMEDOUT  a reader is still in its section: nothing may be freed yet
 * @return -EAGAIN     the kernel refused a membarrier that it granted before: nothing may be freed
 *
 * Threads: any; not from a callback.
 */
NW_API int nw_rcu_synchronize_for(struct nw_rcu *rcu, struct nw_rcu_thread *self,
				  uint64_t timeout_ns, struct nw_rcu_stall *reterr_stall)
	NW_MUST_USE;

/**
 * Begin a grace period and name it, without waiting.
 *
 * Threads: any, also inside a section.
 * Progress: wait-free but for the system call.
 * Cost:    one membarrier.
 */
NW_API nw_rcu_cookie nw_rcu_start_poll(struct nw_rcu *rcu) NW_MUST_USE;

/**
 * Tell whether a grace period has ended: every section that had begun before it has.
 *
 * @param cookie  from nw_rcu_start_poll() of this domain
 *
 * Threads: any, also inside a section (which holds it up if it is older).
 * Order:   if true, those sections happen before the return.
 * Progress: wait-free.
 * Cost:    a look at every reader until it is true, then one load.
 */
NW_API bool nw_rcu_poll(struct nw_rcu *rcu, nw_rcu_cookie cookie) NW_MUST_USE;

/**
 * Have a function run after a grace period that begins now: in a later nw_rcu_run() with this
 * handle, or in anyone's barrier.
 *
 * @param head  room in the object; the library's until fn runs
 * @param ptr   handed to fn, as a rule the object that this thread unlinked
 * @param fn    the callback
 * @param arg   handed to fn as it is
 *
 * Threads: the handle's, also inside a section and from a callback.
 * Owner:   takes the object; the callback gives it back. Callbacks of one handle run in the order
 *          in which they were called, unless a barrier of another thread took part of them.
 * Cost:    a store to the thread's own lines; never waits for readers.
 */
NW_API void nw_rcu_call(struct nw_rcu_thread *thread, struct nw_rcu_head *head, void *ptr,
			nw_rcu_fn *fn, void *arg);

/**
 * Run this thread's callbacks whose grace period has ended, and begin one for the others. It does
 * not wait; call it now and then.
 *
 * @return how many ran
 *
 * Threads: the handle's; inside a section and from a callback it does nothing and returns 0.
 * Cost:    nothing if there is no callback; else a look at every reader, and one membarrier for
 *          each grace period.
 */
NW_API uint64_t nw_rcu_run(struct nw_rcu_thread *thread);

/**
 * Wait until every callback that any thread of the domain called before has run; what is left of
 * them runs here.
 *
 * Threads: the handle's, outside of any section; not from a callback.
 * Order:   those callbacks happen before the return.
 * Progress: blocks on readers, and on callbacks that other threads are running; else as
 *          nw_rcu_synchronize().
 */
NW_API void nw_rcu_barrier(struct nw_rcu_thread *thread);

/**
 * Read the counts.
 *
 * Threads: any.
 */
NW_API void nw_rcu_stats(const struct nw_rcu *rcu, struct nw_rcu_stats *ret_stats);

/**
 * In the child of a fork(): forget the readers that are not there. Their handles are free, their
 * callbacks are handed on; those that one of them was running at that moment, or moving from one
 * list to another, are lost to the child: leaked, never run twice.
 *
 * The first call on this domain in the child. No thread may have been creating, destroying,
 * registering or leaving while the parent forked.
 *
 * @param self  the forking thread's handle, which stays as it was, in its section or not; NULL: it
 *              had none
 *
 * Threads: the child's only one.
 */
NW_API void nw_rcu_after_fork_child(struct nw_rcu *rcu, struct nw_rcu_thread *self);

/**
 * Begin a section the long way: one inside another, or with a full fence. nw_rcu_read_lock() calls
 * it where it must.
 *
 * Threads: the handle's.
 */
NW_API void nw_rcu_read_lock_slow(struct nw_rcu_thread *thread);

#ifndef __cplusplus

/**
 * nw_rcu_dereference(src) loads a pointer to an object that others may replace;
 * nw_rcu_assign_pointer(dst, ptr) puts one there for readers to find; nw_rcu_exchange_pointer(dst,
 * ptr) also returns what was there, to exactly one writer. src and dst are addresses of an _Atomic
 * pointer, the result has its type. C++ uses load(acquire), store(release) and exchange(acq_rel) of
 * its std::atomic.
 */
/* [rcu_dereference.src] acquire, pairs with [rcu_assign.dst], [rcu_exchange.dst]: the object. */
#define nw_rcu_dereference(src) atomic_load_explicit((src), memory_order_acquire)

/* [rcu_assign.dst] release, pairs with [rcu_dereference.src]: the object. */
#define nw_rcu_assign_pointer(dst, ptr) atomic_store_explicit((dst), (ptr), memory_order_release)

/* [rcu_exchange.dst] acq_rel, pairs with [rcu_dereference.src]: the object, new and old. */
#define nw_rcu_exchange_pointer(dst, ptr) \
	atomic_exchange_explicit((dst), (ptr), memory_order_acq_rel)

/*
 * `state`, written by the handle's thread only:
 *   bits 0..13   depth of sections, or 1 while online; 0: nobody waits for this thread
 *   bit 14, 15   constant while registered, see below
 *   bits 16..63  the period in which the section began, or that was announced
 */
struct nw_rcu_thread {
	_Atomic uint64_t state;
	const _Atomic uint64_t *period; /* the domain's; its low 16 bits are 1 */
};

#define NW_RCU_QUIESCENT_BIT (1u << 14)
#define NW_RCU_FENCED_BIT    (1u << 15)
#define NW_RCU_FREE_BITS     (3u << 14) /* both: not registered */

NW_INLINE void nw_rcu_read_lock(struct nw_rcu_thread *thread)
{
	/* relaxed: sole writer. */
	uint64_t state = atomic_load_explicit(&thread->state, memory_order_relaxed);

	assert((state & NW_RCU_FREE_BITS) != NW_RCU_FREE_BITS);
	if ((state & NW_RCU_QUIESCENT_BIT) != 0) {
		assert((state & NW_RCU_NEST_MAX) != 0);
		return;
	}
	if (NW_UNLIKELY((state & (NW_RCU_NEST_MAX | NW_RCU_FENCED_BIT)) != 0)) {
		nw_rcu_read_lock_slow(thread);
		return;
	}
	/* [rcu_read_lock.period] acquire, pairs with [rcu_begin.period]: a section that counts as
	 * of the new period sees what was unlinked before it. */
	state = atomic_load_explicit(thread->period, memory_order_acquire);
	/* [rcu_read_lock.state] release, pairs with [rcu_scan.state]: the section before this one
	 * has ended. */
	atomic_store_explicit(&thread->state, state, memory_order_release);
	/* [rcu_read_lock.light] fence, pairs with [fence.full]: the section is announced before its
	 * loads; the writer's membarrier makes this a fence of the CPU's as well. */
	atomic_signal_fence(memory_order_seq_cst);
}

NW_INLINE void nw_rcu_read_unlock(struct nw_rcu_thread *thread)
{
	/* relaxed: sole writer. */
	uint64_t state = atomic_load_explicit(&thread->state, memory_order_relaxed);

	assert((state & NW_RCU_FREE_BITS) != NW_RCU_FREE_BITS);
	assert((state & NW_RCU_NEST_MAX) != 0);
	if ((state & NW_RCU_QUIESCENT_BIT) != 0)
		return;
	/* [rcu_read_unlock.state] release, pairs with [rcu_scan.state]: what the section did is
	 * done before a writer takes the thread for quiet. */
	atomic_store_explicit(&thread->state, state - 1, memory_order_release);
}

/* Of a state: registered with NW_RCU_QUIESCENT, and online. */
#define NW_RCU_IS_ONLINE(state) \
	(((state)&NW_RCU_FREE_BITS) == NW_RCU_QUIESCENT_BIT && ((state)&NW_RCU_NEST_MAX) != 0)

NW_INLINE void nw_rcu_read_lock_quiescent(struct nw_rcu_thread *thread)
{
	/* relaxed: sole writer. */
	assert(NW_RCU_IS_ONLINE(atomic_load_explicit(&thread->state, memory_order_relaxed)));
	(void)thread;
}

NW_INLINE void nw_rcu_read_unlock_quiescent(struct nw_rcu_thread *thread)
{
	/* relaxed: sole writer. */
	assert(NW_RCU_IS_ONLINE(atomic_load_explicit(&thread->state, memory_order_relaxed)));
	(void)thread;
}

NW_INLINE void nw_rcu_quiescent(struct nw_rcu_thread *thread)
{
	/* relaxed: sole writer. */
	uint64_t state = atomic_load_explicit(&thread->state, memory_order_relaxed);

	assert((state & NW_RCU_FREE_BITS) != NW_RCU_FREE_BITS);
	if ((state & NW_RCU_QUIESCENT_BIT) == 0)
		return;
	assert((state & NW_RCU_NEST_MAX) != 0);
	/* [rcu_quiescent.period] acquire, pairs with [rcu_begin.period]: what was unlinked before
	 * that period is not found any more. */
	state = atomic_load_explicit(thread->period, memory_order_acquire);
	/* [rcu_quiescent.state] release, pairs with [rcu_scan.state]: references taken before are
	 * given up. */
	atomic_store_explicit(&thread->state, state | NW_RCU_QUIESCENT_BIT, memory_order_release);
}

#endif

NW_END_DECLS

#endif /* NW_RCU_H */
