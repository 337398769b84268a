/* SPDX-License-Identifier: MIT */
/* Conversations with open ports, many at once. */
#include "probe/greeter.h"

#include "probe/banner.h"

#include <errno.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum { HEAR_BYTES = 4096, BEGIN_AT_ONCE = 64, LOOK_EVERY_MS = 5 };

size_t nwi_greeter_bytes(void)
{
	return NWI_GREETER_QUEUE * sizeof(struct nwi_greeter_port) +
	       NWI_GREETER_TALKS * sizeof(struct nwi_talk) +
	       NWI_GREETER_BANNERS * sizeof(struct nw_probe_banner);
}

void nwi_greeter_init(struct nwi_greeter *greeter, void *memory)
{
	struct nw_probe_banner *banners;

	greeter->queue = memory;
	greeter->talks = (void *)(greeter->queue + NWI_GREETER_QUEUE);
	banners = (void *)(greeter->talks + NWI_GREETER_TALKS);
	for (uint32_t i = 0; i < NWI_GREETER_BANNERS; i++)
		greeter->free[i] = &banners[i];
	greeter->free_count = NWI_GREETER_BANNERS;
}

void nwi_greeter_fini(struct nwi_greeter *greeter)
{
	if (!greeter)
		return;
	for (uint32_t i = 0; greeter->talks && i < NWI_GREETER_TALKS; i++)
		nwi_tls_destroy(greeter->talks[i].tls);
	nw_dial_close(greeter->dial);
	nwi_tls_context_destroy(greeter->context);
}

bool nwi_greeter_has_room(const struct nwi_greeter *greeter, uint32_t n)
{
	return !greeter || greeter->queue_count + n <= NWI_GREETER_QUEUE / 2;
}

/* Half of the queue is for the worker; those to be tried again by TLS are fewer than the rest. */
void nwi_greeter_put(struct nwi_greeter *greeter, const struct nwi_greeter_port *port)
{
	if (!greeter || greeter->queue_count == NWI_GREETER_QUEUE)
		return;
	greeter->queue[(greeter->queue_first + greeter->queue_count++) % NWI_GREETER_QUEUE] = *port;
}

/* --- Ends --- */

static void tell(struct nwi_greeter *greeter, const struct nwi_talk *talk)
{
	struct nw_probe_event event = { .wall_ns = nw_news_now_ns(),
					.engine = NW_NEWS_PROBE,
					.target = nwi_public_address(talk->target),
					.kind = NW_PROBE_BANNER,
					.port = talk->port,
					.by_connect = true,
					.worker_idx = (uint8_t)greeter->worker_idx,
					.banner = talk->banner };

	nwi_tally_add(&greeter->tally->banners, 1);
	/* end_talks() saw that it fits. */
	(void)nw_news_tell(greeter->events, &event);
}

static void drop(struct nwi_greeter *greeter, uint32_t line)
{
	greeter->is_on[line] = false;
	greeter->talk_count--;
}

static void end_talk(struct nwi_greeter *greeter, uint32_t line)
{
	struct nwi_talk *talk = &greeter->talks[line];
	bool had_tls = talk->tls != NULL, has_learnt = nwi_talk_end(talk);
	struct nwi_greeter_port again = { talk->target, talk->port, true };

	nw_dial_hang_up(greeter->dial, line);
	drop(greeter, line);
	if (has_learnt && !had_tls && nwi_banner_wants_tls(talk->banner)) {
		nwi_greeter_put(greeter, &again);
		has_learnt = false;
	}
	if (has_learnt)
		tell(greeter, talk);
	else
		greeter->free[greeter->free_count++] = talk->banner;
}

static void give_up(struct nwi_greeter *greeter, uint32_t line)
{
	struct nwi_talk *talk = &greeter->talks[line];

	nwi_tls_destroy(talk->tls);
	talk->tls = NULL;
	greeter->free[greeter->free_count++] = talk->banner;
	drop(greeter, line);
}

/* --- On a line --- */

/* A few hundred bytes fit into a fresh socket: where they do not, nothing will come of it. */
static void say(struct nwi_greeter *greeter, uint32_t line)
{
	struct nwi_talk *talk = &greeter->talks[line];

	if (talk->say_bytes > 0 && nw_dial_say(greeter->dial, line, talk->say, talk->say_bytes) !=
					   (int64_t)talk->say_bytes)
		talk->is_done = true;
	talk->say_bytes = 0;
}

static void hear(struct nwi_greeter *greeter, uint32_t line)
{
	struct nwi_talk *talk = &greeter->talks[line];
	unsigned char bytes[HEAR_BYTES];
	int64_t n = 0;

	while (!talk->is_done &&
	       (n = nw_dial_hear(greeter->dial, line, bytes, sizeof(bytes))) > 0) {
		nwi_talk_hear(talk, bytes, (size_t)n, greeter->now_ns);
		say(greeter, line);
	}
	if (!talk->is_done && n != -EAGAIN)
		nwi_talk_hear(talk, bytes, 0, greeter->now_ns);
	if (!talk->is_done)
		nw_dial_listen(greeter->dial, line);
}

static void begin_talk(struct nwi_greeter *greeter, uint32_t line)
{
	struct nwi_talk *talk = &greeter->talks[line];
	bool by_tls = talk->phase == NWI_TALK_SHAKES;

	greeter->is_answered[line] = true;
	nwi_talk_begin(talk, talk->banner, by_tls ? greeter->context : NULL, greeter->now_ns,
		       greeter->scan->banner_ns);
	say(greeter, line);
	if (!talk->is_done)
		nw_dial_listen(greeter->dial, line);
}

static void take_news(struct nwi_greeter *greeter)
{
	uint32_t n = nw_dial_take(greeter->dial, greeter->news, NW_DIAL_TAKE_MAX, 0);

	for (uint32_t i = 0; i < n; i++) {
		const struct nw_dial_event *event = &greeter->news[i];

		if (event->kind == NW_DIAL_ANSWERED)
			begin_talk(greeter, event->line);
		else if (event->kind == NW_DIAL_READABLE)
			hear(greeter, event->line);
		else
			give_up(greeter, event->line);
	}
}

/* Those that have ended, and those that are silent. */
static void look_at_talks(struct nwi_greeter *greeter)
{
	for (uint32_t line = 0; line < NWI_GREETER_TALKS; line++) {
		struct nwi_talk *talk = &greeter->talks[line];

		if (!greeter->is_on[line])
			continue;
		if (!greeter->is_answered[line]) {
			if (greeter->now_ns >= talk->due_ns) {
				nw_dial_hang_up(greeter->dial, line);
				give_up(greeter, line);
			}
			continue;
		}
		if (!talk->is_done && greeter->now_ns >= talk->due_ns) {
			nwi_talk_is_silent(talk, greeter->now_ns);
			say(greeter, line);
		}
		if (talk->is_done && nw_news_room(greeter->events, 1) > 0)
			end_talk(greeter, line);
	}
}

/* --- Beginnings --- */

static void take_back(struct nwi_greeter *greeter)
{
	void *banner;

	while (nw_ring_pop(greeter->back, &banner))
		greeter->free[greeter->free_count++] = banner;
}

/* false: not now. */
static bool call(struct nwi_greeter *greeter)
{
	const struct nwi_greeter_port *port = &greeter->queue[greeter->queue_first];
	unsigned char address[16];
	struct nwi_talk *talk;
	uint32_t line;

	nwi_address_bytes(port->target, address);
	if (nw_dial_call(greeter->dial, address, port->target.family == NWI_IPV6, port->port,
			 &line) < 0)
		return false;
	talk = &greeter->talks[line];
	*talk = (struct nwi_talk){ .target = port->target,
				   .port = port->port,
				   .due_ns = greeter->now_ns + greeter->scan->banner_ns,
				   .phase = port->by_tls || nwi_talk_is_tls_port(port->port)
						    ? NWI_TALK_SHAKES
						    : NWI_TALK_LISTENS,
				   .banner = greeter->free[--greeter->free_count] };
	memset(talk->banner, 0, sizeof(*talk->banner));
	greeter->is_on[line] = true;
	greeter->is_answered[line] = false;
	greeter->talk_count++;
	greeter->queue_first = (greeter->queue_first + 1) % NWI_GREETER_QUEUE;
	greeter->queue_count--;
	return true;
}

static void begin_some(struct nwi_greeter *greeter)
{
	uint32_t wanted = greeter->queue_count < BEGIN_AT_ONCE ? greeter->queue_count
							       : BEGIN_AT_ONCE;
	uint32_t allowed, begun = 0;

	if (wanted == 0)
		return;
	allowed = nwi_rate_take(greeter->rate, wanted, greeter->now_ns);
	while (begun < allowed && greeter->free_count > 0 && call(greeter))
		begun++;
	nwi_rate_return(greeter->rate, allowed - begun);
}

bool nwi_greeter_step(struct nwi_greeter *greeter, uint64_t now_ns)
{
	if (!greeter)
		return false;
	greeter->now_ns = now_ns;
	take_back(greeter);
	if (greeter->talk_count + greeter->queue_count == 0)
		return false;
	begin_some(greeter);
	take_news(greeter);
	if (now_ns >= greeter->looked_ns + LOOK_EVERY_MS * NS_PER_MS) {
		greeter->looked_ns = now_ns;
		look_at_talks(greeter);
	}
	return true;
}

void nwi_greeter_stop(struct nwi_greeter *greeter)
{
	if (!greeter)
		return;
	greeter->queue_count = 0;
	for (uint32_t line = 0; line < NWI_GREETER_TALKS; line++)
		if (greeter->is_on[line]) {
			nw_dial_hang_up(greeter->dial, line);
			give_up(greeter, line);
		}
}
