/* SPDX-License-Identifier: MIT */
/* Events of detectors, for a bus of news. */
#include <nw/cdn_event.h>

#include <assert.h>

static_assert(sizeof(struct nw_cdn_event) == NW_NEWS_EVENT_BYTES, "it goes by the bus");

const char *nw_cdn_event_name(enum nw_cdn_event_kind kind)
{
	return kind == NW_CDN_DETECTED ? "cdn_detected" : "cdn_origin_found";
}

bool nw_cdn_event_make(struct nw_cdn_event *ret_event, const struct nw_cdn_answer *answer,
		       const struct nw_cdn_address *target, const struct nw_cdn_address *origin,
		       uint64_t token)
{
	static const struct nw_cdn_address none;

	if (!nw_cdn_kind_is_front(answer->kind))
		return false;
	*ret_event = (struct nw_cdn_event){ .wall_ns = nw_news_now_ns(),
					    .engine = NW_NEWS_CDN,
					    .kind = origin ? NW_CDN_ORIGIN_FOUND : NW_CDN_DETECTED,
					    .provider_kind = (uint8_t)answer->kind,
					    .provider_idx = answer->provider_idx,
					    .token = token,
					    .probability = (float)answer->probability,
					    .target = target ? *target : none,
					    .origin = origin ? *origin : none };
	return true;
}
