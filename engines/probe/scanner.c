/* SPDX-License-Identifier: MIT */
/*
 * One worker of a scan.
 *
 * A step sends the frames that are written, writes new ones as far as the rate and the window
 * allow, and reads what has come. Nothing that was found is lost: a block is taken from the ring
 * only while all that may be in it has room on the way out, and then nothing new is asked either.
 *
 * Order of a question's life: place -> frame -> sent (counted) -> answer -> event. A frame that the
 * interface does not take stays written and is sent first the next time.
 */
#include "probe/scan.h"

#include "probe/greeter.h"
#include "probe/mix.h"

enum {
	BLOCKS_A_STEP = 4,
	BLOCK_FRAMES_MAX = 4096, /* of one nw_link_receive(), at most */
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
	DROPS_EVERY_MS = 100,
	PASSED_MAX = 4096 /* questions that are not asked, in a step */
};

/* --- Asking --- */

/* A port of the slice that follows from the question: a datagram's answer has nothing else to show.
 */
static uint16_t source_port(const struct nwi_scanner *scanner, struct nwi_address target,
			    uint16_t port)
{
	struct nwi_frame_ask ask = { .target = target, .port = port };
	uint32_t hash = nwi_frame_cookie(scanner->scan->key, &ask);

	return (uint16_t)(scanner->port_first + hash % scanner->port_count);
}

static const struct nwi_frame_template *template_of(const struct nwi_scan *scan,
						    const struct nwi_question *question)
{
	return &scan->templates[question->target.family == NWI_IPV6][question->kind - 1];
}

static uint32_t write_question(struct nwi_scanner *scanner, const struct nwi_question *question,
			       unsigned char *frame)
{
	struct nwi_frame_ask ask = { .target = question->target,
				     .port = question->port,
				     .source_port = source_port(scanner, question->target,
								question->port) };

	if (question->kind == NWI_FRAME_UDP)
		ask.payload = nwi_probe_payload(question->port, &ask.payload_bytes);
	return nwi_frame_write(template_of(scanner->scan, question), &ask, frame);
}

/* A host of the local link gets it itself, the rest by the router. false: it is not asked, for the
 * host is down or must not be. */
static bool write_frame(struct nwi_scanner *scanner, uint64_t number, uint32_t idx)
{
	const struct nwi_scan *scan = scanner->scan;
	struct nwi_wanted wanted = { &scanner->share, number, scanner->worker_idx,
				     !scanner->is_again[idx] };
	unsigned char *frame = nw_link_frame(scanner->link, idx);
	enum nwi_neighbour_state state = NWI_NEIGHBOUR_BEYOND;
	struct nwi_question question;
	const unsigned char *mac;

	if (!nwi_scan_question(scan, &wanted, &question)) {
		nwi_tally_add(&scanner->tally.left_out, 1);
		return false;
	}
	if (scan->neighbours)
		state = nwi_neighbour_find(scan->neighbours, question.target, &mac);
	if (state == NWI_NEIGHBOUR_DOWN || (state == NWI_NEIGHBOUR_BEYOND && scan->lacks_router)) {
		nwi_tally_add(&scanner->tally.down, 1);
		return false;
	}
	scanner->lengths[idx] = scan->asks_link ? nwi_neighbour_write(&scan->link_terms,
								      question.target, frame)
						: write_question(scanner, &question, frame);
	if (state == NWI_NEIGHBOUR_UP)
		memcpy(frame, mac, NWI_NEIGHBOUR_MAC_BYTES);
	return true;
}

static void write_batch(struct nwi_scanner *scanner)
{
	uint32_t allowed = nwi_rate_take(&scanner->rate, NW_LINK_BATCH, scanner->now_ns);
	uint32_t written = 0, passed = 0;
	uint64_t number;
	bool is_again;

	while (written < allowed && passed < PASSED_MAX &&
	       nwi_window_next(&scanner->window, scanner->now_ns, &number, &is_again)) {
		scanner->numbers[written] = number;
		scanner->is_again[written] = is_again;
		if (write_frame(scanner, number, written)) {
			written++;
		} else {
			/* It counts as answered: it is not asked again. */
			(void)nwi_window_answer(&scanner->window, number);
			passed++;
		}
	}
	nwi_rate_return(&scanner->rate, allowed - written);
	scanner->ready_first = 0;
	scanner->ready_count = written;
	scanner->passed_count = passed;
}

/* An error of the interface is as if it were full: what is written is kept and tried again. */
static bool send_ready(struct nwi_scanner *scanner)
{
	const bool *is_again = scanner->is_again + scanner->ready_first;
	uint32_t again = 0;
	int sent = nw_link_send(scanner->link, scanner->ready_first, scanner->ready_count,
				scanner->lengths + scanner->ready_first);

	if (sent <= 0) {
		nwi_tally_add(&scanner->tally.full, 1);
		return false;
	}
	scanner->ready_first += (uint32_t)sent;
	scanner->ready_count -= (uint32_t)sent;
	for (int i = 0; i < sent; i++)
		again += is_again[i];
	nwi_tally_add(&scanner->tally.sent, (uint64_t)sent);
	nwi_tally_add(&scanner->tally.asked, (uint64_t)sent - again);
	nwi_tally_add(&scanner->tally.timed_out, again); /* the asking before */
	return true;
}

/* --- Answers --- */

static const enum nw_probe_event_kind kinds[] = {
	[NWI_ANSWER_OPEN] = NW_PROBE_OPEN,
	[NWI_ANSWER_CLOSED] = NW_PROBE_CLOSED,
	[NWI_ANSWER_UNREACHABLE] = NW_PROBE_UNREACHABLE,
	[NWI_ANSWER_ECHO] = NW_PROBE_UP,
};

static struct nw_probe_event event_of(const struct nwi_scanner *scanner,
				      const struct nwi_answer *answer)
{
	return (struct nw_probe_event){ .wall_ns = nw_news_now_ns(),
					.engine = NW_NEWS_PROBE,
					.target = nwi_public_address(answer->target),
					.from = nwi_public_address(answer->from),
					.kind = (uint8_t)kinds[answer->kind],
					.is_udp = answer->asked == NWI_FRAME_UDP,
					.port = answer->port,
					.hops = answer->hops,
					.icmp_type = answer->icmp_type,
					.icmp_code = answer->icmp_code,
					.worker_idx = (uint8_t)scanner->worker_idx };
}

/* Its place in the whole plan. */
static bool place_of(const struct nwi_scan *scan, const struct nw_probe_event *event,
		     uint64_t *ret_place)
{
	struct nwi_address target = nwi_address_of_bytes((enum nwi_family)event->target.family,
							 event->target.bytes);
	uint64_t number, port_idx = 0;

	if (!nwi_targets_find(scan->plan.targets, target, &number))
		return false;
	if ((event->kind == NW_PROBE_UP) != !scan->ports && event->kind != NW_PROBE_UNREACHABLE)
		return false;
	if (scan->ports && !nwi_ports_find(scan->ports, event->port, event->is_udp, &port_idx))
		return false;
	*ret_place = nwi_shuffle_place(&scan->plan.order,
				       number * scan->plan.port_count + port_idx);
	return true;
}

static bool was_late_before(struct nwi_scanner *scanner, uint64_t place)
{
	uint64_t *known = &scanner->late[nwi_probe_mix(place) % NWI_SCAN_LATE_COUNT];
	bool was_before = *known == place + 1;

	*known = place + 1;
	return was_before;
}

static void tell(struct nwi_scanner *scanner, const struct nw_probe_event *event)
{
	if (event->kind == NW_PROBE_OPEN && !event->is_udp)
		nwi_greeter_put(
			scanner->greeter,
			&(struct nwi_greeter_port){
				.target = nwi_address_of_bytes(
					(enum nwi_family)event->target.family, event->target.bytes),
				.port = event->port });
	nwi_tally_finding(&scanner->tally, (enum nw_probe_event_kind)event->kind);
	/* has_room() saw that it fits. */
	(void)!nw_news_put(scanner->events, event);
}

/* An answer to a question of this worker's share. */
static void accept(struct nwi_scanner *scanner, const struct nw_probe_event *event, uint64_t place)
{
	uint64_t number = (place - scanner->share.next) / scanner->share.step;

	switch (nwi_window_answer(&scanner->window, number)) {
	case NWI_WINDOW_FIRST:
		tell(scanner, event);
		return;
	case NWI_WINDOW_LATE:
		if (!was_late_before(scanner, place)) {
			scanner->late_count++;
			tell(scanner, event);
			return;
		}
		/* fall through */
	case NWI_WINDOW_DUPLICATE:
		nwi_tally_add(&scanner->tally.duplicates, 1);
		return;
	case NWI_WINDOW_UNASKED:
		nwi_tally_add(&scanner->tally.other, 1);
		return;
	}
}

static uint32_t owner_of(const struct nwi_scanner *scanner, uint64_t place)
{
	uint64_t shard_count = scanner->share.step / scanner->scan->worker_count;

	return (uint32_t)(place / shard_count % scanner->scan->worker_count);
}

/* What another worker asked goes to it by the lane of the pair; with no room there it is told here,
 * at the risk of its being told twice. */
static void bring_home(struct nwi_scanner *scanner, const struct nw_probe_event *event)
{
	const struct nwi_scan *scan = scanner->scan;
	uint64_t place, shard_count = scanner->share.step / scan->worker_count;
	uint32_t owner;

	if (!place_of(scan, event, &place) ||
	    place % shard_count != scanner->share.next % shard_count) {
		nwi_tally_add(&scanner->tally.other, 1);
		return;
	}
	owner = owner_of(scanner, place);
	if (owner == scanner->worker_idx) {
		accept(scanner, event, place);
		return;
	}
	nwi_tally_add(&scanner->tally.handed_over, 1);
	if (nw_lane_push(&scan->lanes[scanner->worker_idx * scan->worker_count + owner].writer,
			 event, 1) == 0)
		tell(scanner, event);
}

/* A datagram must come to the port that was asked from; the rest has shown a cookie. */
static bool is_asked(const struct nwi_scanner *scanner, const struct nwi_answer *answer)
{
	const struct nwi_scan *scan = scanner->scan;
	uint32_t slice = (answer->source_port - (uint32_t)scan->port_first) / scanner->port_count;
	uint32_t first = scan->port_first + slice * scanner->port_count;

	if (answer->asked != NWI_FRAME_UDP)
		return true;
	if (answer->source_port < scan->port_first || slice >= scan->worker_count)
		return false;
	return answer->source_port - first ==
	       source_port(scanner, answer->target, answer->port) - (uint32_t)scanner->port_first;
}

/* There is no cookie: who has not been asked is refused by the window. */
static void take_link_answer(struct nwi_scanner *scanner, const unsigned char *frame,
			     uint32_t n_bytes)
{
	struct nw_probe_event event = { .wall_ns = nw_news_now_ns(),
					.engine = NW_NEWS_PROBE,
					.kind = NW_PROBE_UP,
					.worker_idx = (uint8_t)scanner->worker_idx };
	struct nwi_address target;

	if (!nwi_neighbour_read(&scanner->scan->link_terms, frame, n_bytes, &target, event.mac)) {
		nwi_tally_add(&scanner->tally.other, 1);
		return;
	}
	event.target = event.from = nwi_public_address(target);
	bring_home(scanner, &event);
}

static void take_frame(void *context, const unsigned char *frame, uint32_t n_bytes)
{
	struct nwi_scanner *scanner = context;
	struct nwi_answer answer;
	struct nw_probe_event event;

	if (scanner->scan->asks_link) {
		take_link_answer(scanner, frame, n_bytes);
		return;
	}
	nwi_frame_read(scanner->scan->key, frame, n_bytes, scanner->scan->link_bytes, &answer);
	if (answer.kind == NWI_ANSWER_NONE) {
		nwi_tally_add(&scanner->tally.other, 1);
	} else if (answer.kind == NWI_ANSWER_FORGED || !is_asked(scanner, &answer)) {
		nwi_tally_add(&scanner->tally.forged, 1);
	} else {
		event = event_of(scanner, &answer);
		bring_home(scanner, &event);
	}
}

/* One that another worker has handed over; false: there is none. */
static bool next_handed(struct nwi_scanner *scanner, struct nw_probe_event *ret_event)
{
	const struct nwi_scan *scan = scanner->scan;

	for (uint32_t from = 0; from < scan->worker_count; from++) {
		struct nwi_scan_lane
			*lane = &scan->lanes[from * scan->worker_count + scanner->worker_idx];

		if (from != scanner->worker_idx && nw_lane_pop(&lane->reader, ret_event, 1) == 1)
			return true;
	}
	return false;
}

static bool has_room(struct nwi_scanner *scanner)
{
	return nw_news_room(scanner->events, 2 * BLOCK_FRAMES_MAX) >= 2 * BLOCK_FRAMES_MAX &&
	       nwi_greeter_has_room(scanner->greeter, 2 * BLOCK_FRAMES_MAX);
}

/* Whether anything was there; as much as a block holds, for which there is room. */
static bool take_handed(struct nwi_scanner *scanner)
{
	struct nw_probe_event event;
	uint32_t taken = 0;
	uint64_t place;

	if (!has_room(scanner))
		return false;
	for (; taken < BLOCK_FRAMES_MAX && next_handed(scanner, &event); taken++)
		if (place_of(scanner->scan, &event, &place))
			accept(scanner, &event, place);
	return taken > 0;
}

/* Whether anything was there. */
static bool receive(struct nwi_scanner *scanner)
{
	bool was_handed = take_handed(scanner);
	uint32_t total = 0, n = 1;

	for (uint32_t i = 0; i < BLOCKS_A_STEP && n > 0 && has_room(scanner); i++) {
		n = nw_link_receive(scanner->link, take_frame, scanner);
		total += n;
	}
	nw_news_show(scanner->events);
	nwi_tally_add(&scanner->tally.received, total);
	/* relaxed: sole writer of a statistic. */
	atomic_store_explicit(&scanner->tally.received_xdp, nw_link_received_xdp(scanner->link),
			      memory_order_relaxed);
	return total > 0 || was_handed;
}

static void ask_drops(struct nwi_scanner *scanner)
{
	if (scanner->now_ns < scanner->drops_ns)
		return;
	scanner->drops_ns = scanner->now_ns + (uint64_t)DROPS_EVERY_MS * NS_PER_MS;
	/* relaxed: sole writer of a statistic. */
	atomic_store_explicit(&scanner->tally.dropped, nw_link_drops(scanner->link),
			      memory_order_relaxed);
}

/* --- A step --- */

static bool is_stopping(const struct nwi_scanner *scanner)
{
	/* relaxed: hint; the sooner the better, no more. */
	return atomic_load_explicit(&scanner->scan->is_stopping, memory_order_relaxed);
}

/* What is written is still sent, where the interface takes it in that time. */
static bool asks_no_more(const struct nwi_scanner *scanner)
{
	if (scanner->ready_count > 0)
		return scanner->stopped_ns > 0 && scanner->now_ns > scanner->stopped_ns + NS_PER_S;
	return scanner->stopped_ns > 0 || nwi_window_is_done(&scanner->window);
}

static void note_position(struct nwi_scanner *scanner)
{
	uint64_t position = scanner->window.cursors[scanner->window.try_count - 1];

	for (uint32_t i = 0; i < scanner->ready_count; i++)
		if (scanner->numbers[scanner->ready_first + i] < position)
			position = scanner->numbers[scanner->ready_first + i];
	/* relaxed: sole writer of a statistic. */
	atomic_store_explicit(&scanner->tally.position, position, memory_order_relaxed);
}

/* What the window takes for asked may lie there unsent. */
static void settle(struct nwi_scanner *scanner)
{
	uint64_t silent = nwi_window_silent(&scanner->window) - scanner->late_count;

	for (uint32_t i = 0; i < scanner->ready_count; i++)
		silent -= !scanner->is_again[scanner->ready_first + i];
	scanner->drops_ns = 0;
	ask_drops(scanner);
	nwi_tally_add(&scanner->tally.timed_out, silent);
	scanner->is_over = true;
}

/* Another worker, which the machine has kept waiting, may have answers that are to be handed over:
 * none leaves before all have waited. */
static bool have_all_waited(struct nwi_scanner *scanner)
{
	_Atomic uint32_t *waited_count = &scanner->scan->waited_count;

	/* [scanner_waited.count] release, pairs with [scanner_leave.count]: what it has handed over
	 * is shown. */
	if (!scanner->has_waited)
		atomic_fetch_add_explicit(waited_count, 1, memory_order_release);
	scanner->has_waited = true;
	/* [scanner_leave.count] acquire, pairs with [scanner_waited.count]: see all that the others
	 * have handed over. */
	return atomic_load_explicit(waited_count, memory_order_acquire) ==
	       scanner->scan->worker_count;
}

/* All was asked: answers are waited for, then it is over. */
static uint64_t wind_down(struct nwi_scanner *scanner)
{
	uint64_t end_ns;

	if (scanner->ended_ns == 0)
		scanner->ended_ns = scanner->now_ns;
	end_ns = scanner->ended_ns + scanner->scan->wait_ns;
	if (scanner->now_ns < end_ns)
		return end_ns - scanner->now_ns;
	/* Events that nobody has room for yet are waited for. */
	if (!have_all_waited(scanner) || !has_room(scanner))
		return NS_PER_MS;
	if (take_handed(scanner)) {
		nw_news_show(scanner->events);
		return 0;
	}
	if (scanner->stopped_ns > 0)
		nwi_greeter_stop(scanner->greeter);
	if (nwi_greeter_step(scanner->greeter, scanner->now_ns))
		return NS_PER_MS;
	if (has_room(scanner))
		settle(scanner);
	return NS_PER_MS;
}

/* With nothing to send: until the rate grants some or a repetition is due, but a millisecond at
 * least, so that a slow scan is a few wake-ups a millisecond and not one a question. */
static uint64_t rest_ns(const struct nwi_scanner *scanner)
{
	uint64_t rate_ns = nwi_rate_wait_ns(&scanner->rate, scanner->now_ns);
	uint64_t window_ns = 0;

	if (scanner->window.cursors[0] == scanner->window.end)
		window_ns = nwi_window_wait_ns(&scanner->window, scanner->now_ns);
	rate_ns = rate_ns > window_ns ? rate_ns : window_ns;
	return rate_ns > NS_PER_MS ? rate_ns : NS_PER_MS;
}

static uint64_t step(struct nwi_scanner *scanner, uint64_t now_ns)
{
	bool has_received;

	scanner->now_ns = now_ns;
	has_received = receive(scanner);
	ask_drops(scanner);
	note_position(scanner);
	if (scanner->stopped_ns == 0 && is_stopping(scanner))
		scanner->stopped_ns = now_ns;
	if (asks_no_more(scanner))
		return has_received ? 0 : wind_down(scanner);
	if (!has_room(scanner))
		return NS_PER_MS;
	if (scanner->ready_count == 0)
		write_batch(scanner);
	if (scanner->ready_count == 0)
		return has_received || scanner->passed_count > 0 ? 0 : rest_ns(scanner);
	return send_ready(scanner) ? 0 : NS_PER_MS / 20;
}

uint64_t nwi_scanner_step(struct nwi_scanner *scanner, uint64_t now_ns)
{
	uint64_t rest = step(scanner, now_ns);

	return nwi_greeter_step(scanner->greeter, now_ns) && rest > NS_PER_MS ? NS_PER_MS : rest;
}
