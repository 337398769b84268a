/* SPDX-License-Identifier: MIT */
/**
 * @file
 * News: what workers tell, on its way to one reader. A ring a producer, so that no producer waits
 * for another, nor for the reader, and none takes a lock.
 *
 * Engines share it: every event begins with its time, whose event it is and what kind, and has 64
 * bytes in all. What the rest means is said by the engine, whose own struct of that size is laid
 * over struct nw_news_event.
 *
 *              producer's  take   lost   destroy
 *  producer's      X         -      -       X
 *  take            -         X      -       X
 *  lost            -         -      -       X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine. Calls on two
 * producers never meet.
 *
 * Order: events of one producer are taken out in the order in which they were told, and what it did
 * before it told one happens before the call that takes it out. Those of different producers are
 * ordered by nothing but their times.
 */
#ifndef NW_NEWS_H
#define NW_NEWS_H

#include <nw/base.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

/** A bus. Opaque. */
struct nw_news;

/** Where one thread tells. Opaque. */
struct nw_news_producer;

/** Bytes of an event, and of what an engine may put into one. */
#define NW_NEWS_EVENT_BYTES   64u
#define NW_NEWS_PAYLOAD_BYTES 54u

/** Producers and events of one of them, at most. */
#define NW_NEWS_PRODUCERS_MAX 4096u
#define NW_NEWS_SLOTS_MAX     (1u << 24)

/** Whose event it is. */
enum nw_news_engine {
	NW_NEWS_PROBE = 1, /* struct nw_probe_event */
	NW_NEWS_CDN,       /* of the detector of content networks */
	NW_NEWS_USER = 128 /* this and above: nodewise uses none of them */
};

/** An event as the bus knows it. */
struct nw_news_event {
	uint64_t wall_ns; /* nw_news_now_ns() */
	uint8_t engine;   /* enum nw_news_engine, or a number of the user's */
	uint8_t kind;     /* the engine's */
	unsigned char payload[NW_NEWS_PAYLOAD_BYTES];
};

/**
 * Create a bus.
 *
 * @param ret_news        set on success, untouched on failure
 * @param producer_count  1..NW_NEWS_PRODUCERS_MAX
 * @param slot_count      events that one producer may have on the way: power of two, 2..2^24
 * @return 0
 * @return -EINVAL  a count is not allowed
 * @return -ENOMEM
 *
 * Threads: any thread.
 * Owner:   the caller; release with nw_news_destroy().
 * Cost:    address space for all rings; a ring's pages are touched first, hence placed, by the
 *          thread that tells.
 */
NW_API int nw_news_create(struct nw_news **ret_news, uint32_t producer_count, uint32_t slot_count)
	NW_MUST_USE;

/** Release a bus; what was not taken out is dropped. NULL is a no-op. Threads: none else is in it.
 */
NW_API void nw_news_destroy(struct nw_news *news);

/** How many producers it has. Threads: any. */
NW_API uint32_t nw_news_producer_count(const struct nw_news *news);

/** How many events each may have on the way. Threads: any. */
NW_API uint32_t nw_news_slot_count(const struct nw_news *news);

/**
 * Lend a producer, to the one thread that will tell by it.
 *
 * @param producer_idx  below the count
 *
 * Threads: any thread; the producer may change from one thread to another where something else
 *          orders the two.
 */
NW_API struct nw_news_producer *nw_news_producer(struct nw_news *news, uint32_t producer_idx);

/**
 * Tell an event, if there is room.
 *
 * @param event  NW_NEWS_EVENT_BYTES of it, as struct nw_news_event or the engine's; borrowed
 * @return true; false: there was none, and the event is counted as lost
 *
 * Threads: the producer's.
 * Progress: wait-free.
 */
NW_API bool nw_news_tell(struct nw_news_producer *producer, const void *event);

/**
 * Put an event without showing it yet: nw_news_show() shows all that were put, at the cost of one.
 *
 * @return true; false: there is no room, and nothing is counted: the caller keeps it
 *
 * Threads: the producer's.
 * Progress: wait-free.
 */
NW_API bool nw_news_put(struct nw_news_producer *producer, const void *event) NW_MUST_USE;

/** Show what was put. Threads: the producer's. Progress: wait-free. */
NW_API void nw_news_show(struct nw_news_producer *producer);

/**
 * Ask how many events could be put now, for a producer that loses none.
 *
 * @param enough  as many as the caller wants to know of
 * @return room; more than enough is not looked for
 *
 * Threads: the producer's.
 * Progress: wait-free.
 */
NW_API uint32_t nw_news_room(struct nw_news_producer *producer, uint32_t enough);

/**
 * Take events out: a ring after the other, beginning with the next one each time, so that a loud
 * producer does not hide the rest.
 *
 * @param ret_events  room for count events of NW_NEWS_EVENT_BYTES, side by side
 * @return how many
 *
 * Threads: one at a time.
 * Progress: wait-free.
 */
NW_API uint32_t nw_news_take(struct nw_news *news, void *ret_events, uint32_t count);

/** Events that found no room, of all producers. Threads: any. */
NW_API uint64_t nw_news_lost(const struct nw_news *news);

/** The clock of events: nanoseconds since 1970, UTC. Threads: any. */
NW_API uint64_t nw_news_now_ns(void);

NW_END_DECLS

#endif /* NW_NEWS_H */
