/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Hash map of the caller's entries: readers without locks or writes, growth that stops nobody.
 *
 *                            get, next   put, set, del, shrink   stats   destroy
 *     get, next                  -                 -               -        X
 *     put, set, del, shrink      -                 H               -        X
 *     stats                      -                 -               -        X
 *     destroy                    X                 X               X        X
 *
 * H: calls with one RCU handle must not overlap, with different handles they may. X: the caller
 * must keep the two calls from overlapping. -: any overlap is fine.
 *
 * An entry is a struct nw_hashmap_entry inside the caller's object, next to a key. The caller
 * computes the hash and says when an entry has a key; the map neither copies nor compares bytes.
 * Its buckets double by themselves, up to a bound, while readers and writers go on; they become
 * fewer when the caller says so.
 *
 * Entries are found inside read sections of one RCU domain (<nw/rcu.h>) and are good until the
 * section ends. Who takes an entry out frees it, or puts it anywhere again, only after a grace
 * period: with nw_rcu_call(), as a rule.
 *
 * Progress: get and next write nothing and never try again; each walks one bucket's entries, about
 * one, more while entries are put in front of it. put, set and del are lock-free; a put maps
 * memory when the map doubles. shrink waits for two grace periods, and nobody waits for it.
 * Order: what a thread did before it put an entry happens before the get that returns it. The map
 * is linearizable for each key.
 */
#ifndef NW_HASHMAP_H
#define NW_HASHMAP_H

#include <nw/base.h>
#include <nw/mem.h>
#include <nw/node.h>
#include <nw/rcu.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A map. Opaque. */
struct nw_hashmap;

/** Put it into the object, anywhere. Any content; the map's while the entry is in it. */
struct nw_hashmap_entry {
	uint64_t words[2];
};

/** Smallest and largest number of buckets. */
#define NW_HASHMAP_BUCKET_COUNT_MIN 2u
#define NW_HASHMAP_BUCKET_COUNT_MAX (UINT64_C(1) << 32)

/**
 * Whether an entry has a key. Called inside a read section, on the calling thread, for entries that
 * agree in the hash. It must depend on nothing that changes while the entry is in the map.
 */
typedef bool nw_hashmap_match_fn(const struct nw_hashmap_entry *entry, const void *key);

/** Each number is recent; they are not of one instant. */
struct nw_hashmap_stats {
	uint64_t entry_count;
	uint64_t bucket_count;
	uint64_t mem_bytes;     /* mapped */
	uint64_t refused_count; /* doublings that the kernel gave no memory for */
};

/**
 * Create an empty map whose buckets are on one NUMA node.
 *
 * @param ret_map           set on success, untouched on failure
 * @param node              as nw_mem_alloc() takes it
 * @param match             compares
 * @param bucket_count      at first: power of two, 2..2^32
 * @param bucket_count_max  after growing: power of two, bucket_count..2^32; the map holds more
 *                          entries than that, in longer chains
 * @return 0; what the kernel gave is in nw_hashmap_memory()
 * @return -EINVAL  a count is not allowed
 * @return another  as nw_mem_alloc() says (-ENODEV: no such node; -ENOMEM)
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_hashmap_destroy().
 * Cost:    16 bytes a bucket, in whole pages; system calls.
 */
NW_API int nw_hashmap_create(struct nw_hashmap **ret_map, nw_node node, nw_hashmap_match_fn *match,
			     uint64_t bucket_count, uint64_t bucket_count_max) NW_MUST_USE;

/**
 * Release the map. Entries still inside are the caller's again. NULL is a no-op.
 *
 * Threads: when no other call on this map is running or will follow, and no reader walks it.
 */
NW_API void nw_hashmap_destroy(struct nw_hashmap *map);

/** Lend the block of the first buckets: node and level of binding. Threads: any thread. */
NW_API const struct nw_mem *nw_hashmap_memory(const struct nw_hashmap *map);

/**
 * Find an entry.
 *
 * @param hash  of the key; low bits choose the bucket, bits 62 and 63 are not used. A poor hash
 *              makes long chains, nothing worse
 * @param key   handed to the match function
 * @return the entry, lent until the read section ends; NULL: at some moment during the call there
 *         was none
 *
 * Threads: any thread, inside a read section.
 * Order:   what the thread did that put the entry happens before the return.
 * Progress: does not wait and does not try again.
 */
NW_API struct nw_hashmap_entry *nw_hashmap_get(const struct nw_hashmap *map, uint64_t hash,
					       const void *key) NW_MUST_USE;

/**
 * Put an entry in, unless there is one with this key.
 *
 * @param thread  the caller's RCU handle
 * @param hash    of the key, as in nw_hashmap_get()
 * @param key     handed to the match function
 * @param entry   not in any map
 * @return NULL: it is in; else the entry that is in the way, lent until the read section ends that
 *         the caller is in
 *
 * Threads: any thread, inside a read section or not.
 * Order:   what the thread did before happens before any get that returns entry.
 * Progress: lock-free.
 * Owner:   takes entry, when it returns NULL.
 * Cost:    one compare-and-swap; memory is mapped, not touched, when the map doubles.
 */
NW_API struct nw_hashmap_entry *nw_hashmap_put(struct nw_hashmap *map, struct nw_rcu_thread *thread,
					       uint64_t hash, const void *key,
					       struct nw_hashmap_entry *entry) NW_MUST_USE;

/**
 * Put an entry in, in place of the one with this key, if there is one. No reader finds neither.
 *
 * @param thread  the caller's RCU handle
 * @param hash    of the key, as in nw_hashmap_get()
 * @param key     handed to the match function
 * @param entry   not in any map
 * @return the entry that was replaced, NULL: there was none
 *
 * Threads: any thread, inside a read section or not.
 * Order:   as nw_hashmap_put().
 * Progress: lock-free.
 * Owner:   takes entry; the one returned is the caller's, to free after a grace period.
 */
NW_API struct nw_hashmap_entry *nw_hashmap_set(struct nw_hashmap *map, struct nw_rcu_thread *thread,
					       uint64_t hash, const void *key,
					       struct nw_hashmap_entry *entry) NW_MUST_USE;

/**
 * Take the entry with a key out.
 *
 * @param thread  the caller's RCU handle
 * @param hash    of the key, as in nw_hashmap_get()
 * @param key     handed to the match function
 * @return the entry, which no new reader will find; NULL: at some moment there was none
 *
 * Threads: any thread, inside a read section or not.
 * Progress: lock-free.
 * Owner:   the entry is the caller's, to free after a grace period; of several that take one
 *          out, exactly one gets it.
 */
NW_API struct nw_hashmap_entry *nw_hashmap_del(struct nw_hashmap *map, struct nw_rcu_thread *thread,
					       uint64_t hash, const void *key) NW_MUST_USE;

/**
 * Take this very entry out, found before in the same read section.
 *
 * @param thread  the caller's RCU handle
 * @param entry   from nw_hashmap_get() or nw_hashmap_next() of this map
 * @return true: it is the caller's, as from nw_hashmap_del(); false: another thread took it out
 *
 * Threads: any thread, inside the read section that found the entry.
 * Progress: lock-free.
 */
NW_API bool nw_hashmap_del_entry(struct nw_hashmap *map, struct nw_rcu_thread *thread,
				 struct nw_hashmap_entry *entry) NW_MUST_USE;

/**
 * Walk over all entries, in no useful order. Entries that are in the map from the beginning of the
 * walk to its end are met once; others once or not at all.
 *
 * @param entry  the last one met, NULL at first; it may have been taken out since, in this section
 * @return the next, lent until the read section ends; NULL: that was all
 *
 * Threads: any thread, inside one read section from the first call to the last.
 */
NW_API struct nw_hashmap_entry *nw_hashmap_next(const struct nw_hashmap *map,
						const struct nw_hashmap_entry *entry) NW_MUST_USE;

/**
 * Give back the memory of buckets that the entries do not need any more; those of creation stay.
 * Other threads get, put and take out meanwhile. The map never does this by itself.
 *
 * @param thread  the caller's RCU handle, outside of a section; with NW_RCU_QUIESCENT the call
 *                announces that the thread holds no entry
 * @return bytes given back; 0: none to give, or another thread is doubling or shrinking the map
 *
 * Threads: any thread, outside of a section and of a callback.
 * Progress: waits for two grace periods. The map does not grow until they are over.
 * Cost:    visits each bucket that goes; system calls.
 */
NW_API uint64_t nw_hashmap_shrink(struct nw_hashmap *map, struct nw_rcu_thread *thread);

/** Read the counts; exact where no thread puts or takes out. Threads: any thread. */
NW_API void nw_hashmap_stats(const struct nw_hashmap *map, struct nw_hashmap_stats *ret_stats);

NW_END_DECLS

#endif /* NW_HASHMAP_H */
