/* SPDX-License-Identifier: MIT */
/**
 * @file
 * What detectors of content networks tell by a bus of news: the event `cdn_detected`.
 */
#ifndef NW_CDN_EVENT_H
#define NW_CDN_EVENT_H

#include <nw/base.h>
#include <nw/cdn.h>
#include <nw/news.h>

#include <stdint.h>

NW_BEGIN_DECLS

/** What an event is about. */
enum nw_cdn_event_kind {
	NW_CDN_DETECTED = 1, /* somebody stands in front of a target */
	NW_CDN_ORIGIN_FOUND  /* and this is where its answers come from: verified */
};

/** An event of the engine NW_NEWS_CDN; its size is NW_NEWS_EVENT_BYTES. */
struct nw_cdn_event {
	uint64_t wall_ns;             /* nw_news_now_ns() */
	uint8_t engine;               /* NW_NEWS_CDN */
	uint8_t kind;                 /* enum nw_cdn_event_kind */
	uint8_t provider_kind;        /* enum nw_cdn_kind */
	uint8_t unused;               /* 0 */
	uint32_t provider_idx;        /* of nw_cdn_provider_at() */
	uint64_t token;               /* which target: the teller's number of it */
	float probability;            /* 0 to 1, of that provider */
	struct nw_cdn_address target; /* family 0: a name without an address */
	struct nw_cdn_address origin; /* family 0: none is known */
	unsigned char unused_b[2];    /* 0 */
};

/** "cdn_detected", "cdn_origin_found". Threads: any. */
NW_API const char *nw_cdn_event_name(enum nw_cdn_event_kind kind);

/**
 * Make the event of an answer. Its time is now.
 *
 * @param target  NULL: it has no address
 * @param origin  NULL: none is known, and the event is NW_CDN_DETECTED
 * @return false: nobody stands there, there is nothing to tell, and *ret_event is untouched
 *
 * Threads: any.
 */
NW_API bool nw_cdn_event_make(struct nw_cdn_event *ret_event, const struct nw_cdn_answer *answer,
			      const struct nw_cdn_address *target,
			      const struct nw_cdn_address *origin, uint64_t token);

NW_END_DECLS

#endif /* NW_CDN_EVENT_H */
