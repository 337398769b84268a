/* SPDX-License-Identifier: MIT */
/* A worker that connects. */
#include "probe/caller.h"

#include "probe/greeter.h"

#include <errno.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
	POSITION_EVERY_MS = 100,
	/* Ends, beginnings and what is passed over; who admits may tell of each. */
	EVENTS_A_STEP = 4 * NW_DIAL_TAKE_MAX
};

size_t nwi_caller_bytes(uint32_t line_count)
{
	return (size_t)line_count * (sizeof(struct nwi_call) + sizeof(struct nwi_call_again));
}

void nwi_caller_init(struct nwi_caller *caller, void *memory, uint64_t begin)
{
	caller->calls = memory;
	caller->again = (void *)(caller->calls + caller->line_count);
	for (uint32_t i = 0; i <= NWI_PATIENCE_LEVELS; i++)
		caller->waiting[i].first = caller->waiting[i].last = caller->line_count;
	caller->patience.most_ns = caller->scan->delay_ns;
	caller->next = begin < caller->end ? begin : caller->end;
	/* relaxed: not yet shared: the constructor runs alone. */
	atomic_store_explicit(&caller->tally.position, caller->next, memory_order_relaxed);
}

/* --- Questions on lines --- */

static void put_last(struct nwi_caller *caller, uint32_t line)
{
	struct nwi_call *call = &caller->calls[line];
	struct nwi_call_list *list = &caller->waiting[call->level];

	call->is_on = true;
	caller->on_count++;
	caller->hopeful_count += call->tries_left > 0;
	call->previous = list->last;
	call->next = caller->line_count;
	if (list->last == caller->line_count)
		list->first = line;
	else
		caller->calls[list->last].next = line;
	list->last = line;
}

static void take_out(struct nwi_caller *caller, uint32_t line)
{
	struct nwi_call *call = &caller->calls[line];
	struct nwi_call_list *list = &caller->waiting[call->level];

	call->is_on = false;
	caller->on_count--;
	caller->hopeful_count -= call->tries_left > 0;
	if (call->previous == caller->line_count)
		list->first = call->next;
	else
		caller->calls[call->previous].next = call->next;
	if (call->next == caller->line_count)
		list->last = call->previous;
	else
		caller->calls[call->next].previous = call->previous;
}

/* There is room: what waits was on a line, and nothing new begins before it. */
static void ask_later(struct nwi_caller *caller, uint64_t number, uint32_t tries_left)
{
	uint32_t at = (caller->again_first + caller->again_count++) % caller->line_count;

	caller->again[at] = (struct nwi_call_again){ number, tries_left };
}

/* --- Ends --- */

static void tell(struct nwi_caller *caller, const struct nwi_call *call,
		 enum nw_probe_event_kind kind, int error)
{
	struct nw_probe_event event = { .wall_ns = nw_news_now_ns(),
					.engine = NW_NEWS_PROBE,
					.target = nwi_public_address(call->question.target),
					.kind = (uint8_t)kind,
					.port = call->question.port,
					.error = (uint16_t)-error,
					.by_connect = true,
					.worker_idx = (uint8_t)caller->worker_idx };

	if (kind == NW_PROBE_OPEN)
		nwi_greeter_put(caller->greeter,
				&(struct nwi_greeter_port){ .target = call->question.target,
							    .port = call->question.port });
	nwi_tally_finding(&caller->tally, kind);
	/* has_room() saw that it fits. */
	(void)!nw_news_put(caller->events, &event);
}

static void give_up(struct nwi_caller *caller, const struct nwi_call *call)
{
	nwi_tally_add(&caller->tally.timed_out, 1);
	if (call->tries_left > 0)
		ask_later(caller, call->number, call->tries_left - 1);
}

/* Nothing was learnt of the target: it was this machine that could not. */
static bool is_own(int error)
{
	return error == -EADDRNOTAVAIL || error == -ENOBUFS || error == -ENOMEM ||
	       error == -EAGAIN || error == -EMFILE || error == -ENFILE;
}

static void end_call(struct nwi_caller *caller, const struct nw_dial_event *event)
{
	struct nwi_call *call = &caller->calls[event->line];

	take_out(caller, event->line);
	if (event->kind == NW_DIAL_ANSWERED || event->error == -ECONNREFUSED)
		nwi_patience_learn(&caller->patience, caller->now_ns - call->begun_ns);
	if (event->kind == NW_DIAL_ANSWERED) {
		tell(caller, call, NW_PROBE_OPEN, 0);
		nw_dial_hang_up(caller->dial, event->line);
	} else if (event->error == -ECONNREFUSED) {
		tell(caller, call, NW_PROBE_CLOSED, event->error);
	} else if (event->error == -ETIMEDOUT) {
		give_up(caller, call);
	} else if (is_own(event->error)) {
		nwi_tally_add(&caller->tally.full, 1);
		nwi_tally_add(&caller->tally.taken_back, 1);
		ask_later(caller, call->number, call->tries_left);
		caller->pause_ns = caller->now_ns + NS_PER_MS;
	} else {
		tell(caller, call, NW_PROBE_UNREACHABLE, event->error);
	}
}

static bool has_room(struct nwi_caller *caller)
{
	return nw_news_room(caller->events, EVENTS_A_STEP) >= EVENTS_A_STEP &&
	       nwi_greeter_has_room(caller->greeter, NW_DIAL_TAKE_MAX);
}

/* Whether anything had happened. */
static bool take_news(struct nwi_caller *caller)
{
	uint32_t n = caller->news_count;

	if (!has_room(caller))
		return false;
	if (n == 0)
		n = nw_dial_take(caller->dial, caller->news, NW_DIAL_TAKE_MAX, 0);
	for (uint32_t i = 0; i < n; i++)
		end_call(caller, &caller->news[i]);
	caller->news_count = 0;
	nw_news_show(caller->events);
	nwi_tally_add(&caller->tally.received, n);
	return n > 0;
}

/* Whether questions wait for lines. */
static bool is_pressed(const struct nwi_caller *caller)
{
	return nw_dial_free_count(caller->dial) == 0 &&
	       (caller->again_count > 0 || caller->next < caller->end);
}

/* Until the first of that line of waiting is given up; UINT64_MAX: there is none. */
static uint64_t left_ns(const struct nwi_caller *caller, uint32_t level)
{
	uint32_t line = caller->waiting[level].first;
	uint64_t due_ns;

	if (line == caller->line_count)
		return UINT64_MAX;
	due_ns = caller->calls[line].begun_ns +
		 nwi_patience_ns(&caller->patience, level, is_pressed(caller));
	return due_ns > caller->now_ns ? due_ns - caller->now_ns : 0;
}

/* Not while there is news: the answer that a question waits for may be among it, where this worker
 * was kept waiting itself. */
static void end_silent(struct nwi_caller *caller)
{
	for (uint32_t level = 0; level <= NWI_PATIENCE_LEVELS; level++)
		while (left_ns(caller, level) == 0) {
			uint32_t line = caller->waiting[level].first;

			take_out(caller, line);
			nw_dial_hang_up(caller->dial, line);
			give_up(caller, &caller->calls[line]);
		}
}

/* --- Asking --- */

/* The next to ask; false: there is none. */
static bool next_question(struct nwi_caller *caller, struct nwi_call *ret_call)
{
	if (caller->again_count > 0) {
		const struct nwi_call_again *again = &caller->again[caller->again_first];

		ret_call->number = again->number;
		ret_call->tries_left = again->tries_left;
		return true;
	}
	if (caller->next == caller->end)
		return false;
	ret_call->number = caller->next;
	ret_call->tries_left = caller->scan->try_count - 1;
	return true;
}

/* What is asked again was asked before. */
static void pass(struct nwi_caller *caller, bool is_asked)
{
	if (caller->again_count > 0) {
		caller->again_first = (caller->again_first + 1) % caller->line_count;
		caller->again_count--;
	} else {
		caller->next++;
		nwi_tally_add(is_asked ? &caller->tally.asked : &caller->tally.left_out, 1);
	}
	nwi_tally_add(&caller->tally.sent, is_asked);
}

/* Questions that must not be asked, up to those that may be told at once; false: none is left. */
static bool next_admitted(struct nwi_caller *caller, struct nwi_call *ret_call,
			  uint32_t *inout_passed)
{
	while (next_question(caller, ret_call)) {
		struct nwi_wanted wanted = { &caller->share, ret_call->number, caller->worker_idx,
					     ret_call->number >= caller->wanted_end };

		if (wanted.is_new)
			caller->wanted_end = wanted.number + 1;
		if (nwi_scan_question(caller->scan, &wanted, &ret_call->question))
			return true;
		pass(caller, false);
		if (++*inout_passed >= NW_DIAL_TAKE_MAX)
			return false;
	}
	return false;
}

/* false: no line, or no socket, for it now. */
static bool begin_call(struct nwi_caller *caller, struct nwi_call *call)
{
	unsigned char address[16];
	uint32_t line;
	int rc;

	nwi_address_bytes(call->question.target, address);
	rc = nw_dial_call(caller->dial, address, call->question.target.family == NWI_IPV6,
			  call->question.port, &line);
	if (rc < 0) {
		nwi_tally_add(&caller->tally.full, 1);
		caller->pause_ns = caller->now_ns + NS_PER_MS;
		return false;
	}
	pass(caller, true);
	call->begun_ns = caller->now_ns;
	call->level = nwi_patience_level(caller->scan->try_count - 1 - call->tries_left,
					 call->tries_left);
	caller->calls[line] = *call;
	put_last(caller, line);
	return true;
}

/* Whether any was begun or passed over. */
static bool begin_calls(struct nwi_caller *caller)
{
	uint32_t free_count = nw_dial_free_count(caller->dial);
	uint32_t room = free_count < NW_DIAL_TAKE_MAX ? free_count : NW_DIAL_TAKE_MAX;
	uint32_t allowed = nwi_rate_take(&caller->rate, room, caller->now_ns), begun = 0;
	uint32_t passed = 0;
	struct nwi_call call = { 0 };

	while (begun < allowed && next_admitted(caller, &call, &passed) &&
	       begin_call(caller, &call))
		begun++;
	nwi_rate_return(&caller->rate, allowed - begun);
	return begun + passed > 0;
}

/* --- A step --- */

static bool is_stopping(const struct nwi_caller *caller)
{
	/* relaxed: hint; the sooner the better, no more. */
	return atomic_load_explicit(&caller->scan->is_stopping, memory_order_relaxed);
}

static bool asks_no_more(const struct nwi_caller *caller)
{
	return is_stopping(caller) ||
	       (caller->next == caller->end && caller->again_count + caller->hopeful_count == 0);
}

static void find_position(struct nwi_caller *caller)
{
	uint64_t least = caller->next;

	if (caller->now_ns < caller->looked_ns + POSITION_EVERY_MS * NS_PER_MS)
		return;
	caller->looked_ns = caller->now_ns;
	for (uint32_t i = 0; i < caller->line_count; i++)
		if (caller->calls[i].is_on && caller->calls[i].number < least)
			least = caller->calls[i].number;
	for (uint32_t i = 0; i < caller->again_count; i++) {
		uint32_t at = (caller->again_first + i) % caller->line_count;

		if (caller->again[at].number < least)
			least = caller->again[at].number;
	}
	/* relaxed: sole writer of a statistic. */
	atomic_store_explicit(&caller->tally.position, least, memory_order_relaxed);
}

/* What is on a line when the wait is over will not be answered. */
static void leave(struct nwi_caller *caller)
{
	for (uint32_t line = 0; line < caller->line_count; line++) {
		if (!caller->calls[line].is_on)
			continue;
		take_out(caller, line);
		nw_dial_hang_up(caller->dial, line);
		nwi_tally_add(&caller->tally.timed_out, 1);
	}
	caller->is_over = true;
}

static uint64_t wind_down(struct nwi_caller *caller)
{
	uint64_t end_ns;

	if (caller->ended_ns == 0)
		caller->ended_ns = caller->now_ns;
	end_ns = caller->ended_ns + caller->scan->wait_ns;
	if (caller->on_count == 0 || caller->now_ns >= end_ns) {
		if (is_stopping(caller))
			nwi_greeter_stop(caller->greeter);
		if (nwi_greeter_step(caller->greeter, caller->now_ns))
			return NS_PER_MS;
		if (!has_room(caller))
			return NS_PER_MS;
		caller->looked_ns = 0;
		find_position(caller);
		leave(caller);
		return 0;
	}
	return end_ns - caller->now_ns;
}

/* Until a question is due, or the rate grants some. */
static uint64_t rest_ns(const struct nwi_caller *caller, uint64_t most_ns)
{
	uint64_t rest = most_ns;

	for (uint32_t level = 0; level <= NWI_PATIENCE_LEVELS; level++) {
		uint64_t left = left_ns(caller, level);

		rest = left < rest ? left : rest;
	}
	return rest > NS_PER_MS / 10 ? rest : NS_PER_MS / 10;
}

static uint64_t step(struct nwi_caller *caller, uint64_t now_ns)
{
	bool has_moved;
	uint64_t rate_ns;

	caller->now_ns = now_ns;
	has_moved = take_news(caller);
	if (!has_moved)
		end_silent(caller);
	find_position(caller);
	if (asks_no_more(caller))
		return has_moved ? 0 : rest_ns(caller, wind_down(caller));
	if (!has_room(caller) || now_ns < caller->pause_ns)
		return NS_PER_MS;
	if (begin_calls(caller) || has_moved)
		return 0;
	rate_ns = nwi_rate_wait_ns(&caller->rate, now_ns);
	return rest_ns(caller, rate_ns > NS_PER_MS ? rate_ns : NS_PER_MS);
}

uint64_t nwi_caller_step(struct nwi_caller *caller, uint64_t now_ns)
{
	uint64_t rest = step(caller, now_ns);

	return nwi_greeter_step(caller->greeter, now_ns) && rest > NS_PER_MS ? NS_PER_MS : rest;
}

void nwi_caller_wait(struct nwi_caller *caller, uint64_t timeout_ns)
{
	if (caller->news_count == 0)
		caller->news_count = nw_dial_take(caller->dial, caller->news, NW_DIAL_TAKE_MAX,
						  timeout_ns);
}
