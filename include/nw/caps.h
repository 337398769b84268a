/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Capability table: who may do what with which object, and with how much of the machine.
 *
 * A capability says: this owner has these rights to this object, may use this much of eight
 * resources, and so many operations a second. It is named by a handle, a number that may be handed
 * around, stored, or guessed: it means nothing without the table, and nothing any more once the
 * capability was revoked.
 *
 * Capabilities form trees. nw_caps_mint() makes a root; nw_caps_grant() makes one of another for
 * another owner, nw_caps_derive() for the same; neither ever has a right that its parent lacks, and
 * its quota is taken out of what the parent has left, at that moment: the quotas of those made of
 * a capability and what is charged to it are together never more than its own. Of NW_RESOURCE_CAPS
 * each costs one more than its own amount, so that an amount of n allows n below, in all.
 * nw_caps_revoke() ends a capability and all below it.
 *
 *                         find, hold, ...   charge, take   make, revoke, info   destroy
 *     find, hold, drop           -               -                 -               X
 *     charge, release, take      -               -                 -               X
 *     make, revoke, info         -               -                 -               X
 *     destroy                    X               X                 X               X
 *
 * make: mint, grant, derive. X: the caller must keep the two calls from overlapping. -: any overlap
 * is fine.
 *
 * An entry is reached in two ways. nw_caps_find() lends it until the caller's RCU read section ends
 * (a domain of NW_RCU_GENERAL or NW_RCU_QUIESCENT, always the same one for a table).
 * nw_caps_hold() takes a reference, which lasts until nw_caps_drop() and needs no section.
 *
 * Order: revocation is linearizable for each handle: once nw_caps_revoke() has returned, no look-up
 * finds anything that was below, and a grace period later nobody has it from nw_caps_find() any
 * more. Who holds a reference keeps the entry, but can charge and take nothing more;
 * nw_caps_is_gone() tells when the last has let go. A tree is revoked leaves first, so a look-up
 * that overlaps may still find a parent when its children are gone, never a child without its
 * parent.
 *
 * Progress: find is wait-free and writes nothing; hold, drop, charge, release and take are
 * lock-free. Making, revoking and info wait for each other, never for readers, and readers never
 * for them.
 */
#ifndef NW_CAPS_H
#define NW_CAPS_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>
#include <nw/rcu.h>
#include <nw/resource.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A table. Opaque. */
struct nw_caps;

/** A handle. 0: none; no table ever gives it out. */
typedef struct nw_cap {
	uint64_t value;
} nw_cap;

/** What the object is. */
enum nw_cap_type {
	NW_CAP_MEMORY = 1, /* a range of pages */
	NW_CAP_DEVICE,     /* a device, or ports of it */
	NW_CAP_ENDPOINT,   /* where messages go */
	NW_CAP_IRQ,        /* an interrupt's handler */
	NW_CAP_PROCESS,    /* control over a process or a task */
	NW_CAP_QUOTA,      /* no object, only what it may use */
	NW_CAP_FILE,       /* an open file */
	NW_CAP_SOCKET,     /* a network socket */
	NW_CAP_TYPE_LAST = NW_CAP_SOCKET
};

/** Rights, a set of bits. What read, write and exec mean is the object's business. */
enum nw_cap_right {
	NW_CAP_READ = 1u << 0,
	NW_CAP_WRITE = 1u << 1,
	NW_CAP_EXEC = 1u << 2,
	NW_CAP_GRANT = 1u << 3,  /* nw_caps_grant() of it */
	NW_CAP_REVOKE = 1u << 4, /* nw_caps_revoke() by it, of it and all below */
	NW_CAP_DERIVE = 1u << 5, /* nw_caps_derive() of it */
	NW_CAP_RIGHTS_ALL = (1u << 6) - 1
};

/** Limits of a table: slots, capabilities above each other, tokens and tokens a second. */
#define NW_CAPS_SLOT_COUNT_MAX (1u << 24)
#define NW_CAPS_DEPTH_MAX      256u
#define NW_CAPS_BURST_MAX      (UINT64_C(1) << 34)
#define NW_CAPS_RATE_MAX       (UINT64_C(1) << 34)

/** What a look-up shows; constant as long as it is lent or held. */
struct nw_cap_entry {
	uint64_t object; /* the caller's name for it */
	uint32_t owner;  /* the caller's name for who has it */
	uint32_t rights; /* of enum nw_cap_right */
	enum nw_cap_type type;
};

/** A token bucket, full when it begins. At most burst + rate_per_s * t tokens leave it in any t. */
struct nw_cap_bucket {
	uint64_t burst;      /* tokens it holds, 0..2^34; 0: no bucket, nothing is limited */
	uint64_t rate_per_s; /* tokens a second, 0..2^34 */
	uint64_t begin_ns;   /* by the clock that nw_caps_take() gets; it refills for 17 years */
};

/** What a capability is given when it is made. */
struct nw_cap_terms {
	uint32_t rights;             /* of enum nw_cap_right; 0 is allowed */
	struct nw_resource quota;    /* taken out of what the parent has left */
	struct nw_cap_bucket bucket; /* its own; those of all above it hold for it too */
};

/** A capability as nw_caps_info() saw it. */
struct nw_cap_info {
	struct nw_cap_entry entry;
	nw_cap parent;            /* 0: it is a root */
	uint32_t depth;           /* 1: it is a root */
	uint32_t child_count;     /* made of it and not revoked */
	uint32_t reference_count; /* held, by threads and by slots below that are not free yet */
	struct nw_resource quota;
	struct nw_resource left; /* of it: not charged and not given to those below */
};

/** A table as nw_caps_stats() saw it. */
struct nw_caps_stats {
	uint32_t slot_count;     /* mapped */
	uint32_t slot_count_max; /* as created */
	uint32_t live_count;     /* capabilities that can be found */
	uint32_t waiting_count;  /* revoked, but lent or held, or their grace period is not over */
	uint32_t retired_count;  /* slots whose generations are used up: never used again */
	uint64_t mem_bytes;      /* mapped */
};

/**
 * Create an empty table whose slots are on one node.
 *
 * @param ret_caps        set on success, untouched on failure
 * @param node            as nw_mem_alloc() takes it
 * @param slot_count      at first: power of two, 2..2^24
 * @param slot_count_max  after growing: power of two, slot_count..2^24
 * @return 0; what the kernel gave is in nw_caps_memory()
 * @return -EINVAL  a count is not allowed
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any.
 * Owner:   the caller; release with nw_caps_destroy().
 * Cost:    384 bytes a slot, in whole pages; system calls.
 */
NW_API int nw_caps_create(struct nw_caps **ret_caps, nw_node node, uint32_t slot_count,
			  uint32_t slot_count_max) NW_MUST_USE;

/**
 * Release a table, with whatever capabilities are in it. NULL is a no-op.
 *
 * Threads: one, when no entry is lent or held any more and, if anything was revoked, after
 *          nw_rcu_barrier() or nw_rcu_destroy(): a callback that is left is an assertion.
 */
NW_API void nw_caps_destroy(struct nw_caps *caps);

/** Lend the block of the first slots: node and level of binding. Threads: any. */
NW_API const struct nw_mem *nw_caps_memory(const struct nw_caps *caps);

/**
 * Make a root. Who has the table may; hand out handles, not the table.
 *
 * @param type     one of enum nw_cap_type
 * @param object   any number, the same for all capabilities made of this one
 * @param owner    any number
 * @param terms    borrowed for the call
 * @param ret_cap  set on success, untouched on failure
 * @return 0
 * @return -EINVAL  no such type or right, or a bucket above its limits
 * @return -ENOSPC  every slot is in use, or waits for a grace period (nw_rcu_run() helps), or is
 *                  retired
 * @return -ENOMEM  no memory to grow
 *
 * Threads: any, inside a read section or not.
 * Progress: waits for others that make or revoke.
 * Cost:    maps memory when the table doubles.
 */
NW_API int nw_caps_mint(struct nw_caps *caps, enum nw_cap_type type, uint64_t object,
			uint32_t owner, const struct nw_cap_terms *terms, nw_cap *ret_cap)
	NW_MUST_USE;

/**
 * Make a capability of another one for another owner.
 *
 * @param from     must have NW_CAP_GRANT
 * @param owner    the new one's
 * @param terms    borrowed for the call
 * @param ret_cap  set on success, untouched on failure
 * @return 0
 * @return -ESTALE  from was revoked, or never was
 * @return -EPERM   from lacks NW_CAP_GRANT, or a right that it is to give
 * @return -EDQUOT  the quota, with one more of NW_RESOURCE_CAPS, is more than from has left
 * @return -EMLINK  it would be deeper than NW_CAPS_DEPTH_MAX
 * @return another  as nw_caps_mint() says
 *
 * Threads: any, inside a read section or not.
 * Progress: waits for others that make or revoke.
 * Cost:    as nw_caps_mint().
 */
NW_API int nw_caps_grant(struct nw_caps *caps, nw_cap from, uint32_t owner,
			 const struct nw_cap_terms *terms, nw_cap *ret_cap) NW_MUST_USE;

/**
 * Make a capability of another one for the same owner: to do part of the work with less.
 *
 * @param from     must have NW_CAP_DERIVE
 * @param terms    borrowed for the call
 * @param ret_cap  set on success, untouched on failure
 * @return as nw_caps_grant(), with NW_CAP_DERIVE in place of NW_CAP_GRANT
 *
 * Threads: any, inside a read section or not.
 * Progress: waits for others that make or revoke.
 * Cost:    as nw_caps_mint().
 */
NW_API int nw_caps_derive(struct nw_caps *caps, nw_cap from, const struct nw_cap_terms *terms,
			  nw_cap *ret_cap) NW_MUST_USE;

/**
 * End a capability and all that were made of it. What they had left goes back to the parent when
 * nobody has them any more: after a grace period and the last nw_caps_drop().
 *
 * @param thread  the caller's RCU handle; let it nw_rcu_run() now and then, or no slot comes back
 * @param by      has NW_CAP_REVOKE and is cap or above it; 0: in the name of the table's owner
 * @param cap     which
 * @return 0
 * @return -ESTALE  one of the two was revoked, or never was
 * @return -EPERM   by lacks the right, or is neither cap nor above it
 *
 * Threads: the handle's, inside a read section or not.
 * Order:   a look-up that begins after the return finds none of them.
 * Progress: waits for others that make or revoke; not for readers.
 * Cost:    a line of each capability that ends.
 */
NW_API int nw_caps_revoke(struct nw_caps *caps, struct nw_rcu_thread *thread, nw_cap by, nw_cap cap)
	NW_MUST_USE;

/**
 * Look a capability up.
 *
 * @param cap     any number
 * @param rights  that it must have; 0: any
 * @return the entry, lent until the read section ends; NULL: revoked, never was, or lacks a right
 *
 * Threads: any, inside a read section.
 * Order:   what was done before it was made happens before the return.
 * Progress: wait-free.
 * Cost:    reads one line of the slot.
 */
NW_API const struct nw_cap_entry *nw_caps_find(const struct nw_caps *caps, nw_cap cap,
					       uint32_t rights) NW_MUST_USE;

/**
 * Look a capability up and keep its entry beyond any section.
 *
 * @param cap     any number
 * @param rights  that it must have; 0: any
 * @return the entry, held; NULL: as nw_caps_find() says, or 2^31 - 1 references are taken
 *
 * Threads: any, inside a read section or not.
 * Owner:   a reference; give it back with nw_caps_drop().
 * Progress: lock-free.
 * Cost:    one compare-and-swap on a line of the slot.
 */
NW_API const struct nw_cap_entry *nw_caps_hold(struct nw_caps *caps, nw_cap cap, uint32_t rights)
	NW_MUST_USE;

/**
 * Give back what nw_caps_hold() gave. Everything charged through it must have been released. NULL
 * is a no-op.
 *
 * Threads: any, also another than the one that called nw_caps_hold().
 * Progress: lock-free; the last one of a revoked capability frees its slot, and in turn those above
 *           that only waited for it.
 */
NW_API void nw_caps_drop(struct nw_caps *caps, const struct nw_cap_entry *entry);

/** Tell whether an entry's capability can still be found. Threads: any that have it. */
NW_API bool nw_caps_is_live(const struct nw_cap_entry *entry);

/**
 * Tell whether a capability was revoked and nobody has it any more, lent or held.
 *
 * @param cap  that was once there
 *
 * Threads: any, inside a read section or not.
 * Order:   if true, what its users did with it happens before the return.
 * Progress: wait-free.
 */
NW_API bool nw_caps_is_gone(const struct nw_caps *caps, nw_cap cap);

/**
 * Use some of a capability's quota: all of the need, or nothing.
 *
 * What is given to those below was set aside when they were made, so nothing above is looked at.
 *
 * @param entry  lent or held
 * @param need   borrowed for the call
 * @return true: it is charged until nw_caps_release(); false: it was revoked, or has not that much
 *         left (while a charge that is about to be refused holds a part, perhaps only therefore)
 *
 * Threads: any that have the entry.
 * Progress: lock-free.
 * Cost:    one compare-and-swap on one line for each dimension that is not 0.
 */
NW_API bool nw_caps_charge(const struct nw_cap_entry *entry, const struct nw_resource *need)
	NW_MUST_USE;

/**
 * Give back what was charged, whole or in parts, also after a revocation.
 *
 * @param used  not more than was charged and not yet released: else an assertion
 *
 * Threads: any that have the entry.
 * Progress: wait-free.
 */
NW_API void nw_caps_release(const struct nw_cap_entry *entry, const struct nw_resource *used);

/**
 * Take tokens from the capability's bucket and from those of all above it: from each, or from none.
 *
 * @param entry        lent or held
 * @param token_count  0..2^34
 * @param now_ns       the caller's clock; one that runs behind another thread's takes less
 * @return true: they are taken; false: it was revoked, or a bucket has not that many now
 *
 * Threads: any that have the entry.
 * Progress: lock-free.
 * Cost:    one compare-and-swap on a line of its own for each bucket, none where there is none. If
 *          one above refuses, those below get their tokens back; while they lack them another may
 *          be refused.
 */
NW_API bool nw_caps_take(const struct nw_cap_entry *entry, uint64_t token_count, uint64_t now_ns)
	NW_MUST_USE;

/**
 * Describe a capability, for reports.
 *
 * @param ret_info  set on success, untouched on failure; `left` and reference_count are recent, the
 *                  rest is of one instant
 * @return 0
 * @return -ESTALE  revoked, or never was
 *
 * Threads: any, inside a read section or not.
 * Progress: waits for others that make or revoke.
 */
NW_API int nw_caps_info(struct nw_caps *caps, nw_cap cap, struct nw_cap_info *ret_info) NW_MUST_USE;

/**
 * Read the counts.
 *
 * Threads: any.
 * Progress: waits for others that make or revoke.
 */
NW_API void nw_caps_stats(struct nw_caps *caps, struct nw_caps_stats *ret_stats);

/** "memory", "device", ...: lent for ever; NULL: there is no such type. Threads: any. */
NW_API const char *nw_cap_type_name(enum nw_cap_type type);
/** Find a type by its name; *ret_type is set if there is one. Threads: any. */
NW_API bool nw_cap_type_by_name(const char *name, enum nw_cap_type *ret_type);
/** "read", ..., "derive": lent for ever; NULL: not exactly one right. Threads: any. */
NW_API const char *nw_cap_right_name(uint32_t right);
/** Find a right by its name; *ret_right is set if there is one. Threads: any. */
NW_API bool nw_cap_right_by_name(const char *name, uint32_t *ret_right);

NW_END_DECLS

#endif /* NW_CAPS_H */
