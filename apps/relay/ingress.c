/* SPDX-License-Identifier: MIT */
/*
 * From frames into the engine's rings.
 *
 * What can be said at once is said here: a topic that no rule allows, a form or a right that this
 * sender does not have. The rules proper are applied in the topic's shard, which owns its state.
 *
 * Invariant: the sender of a packet is who the connection proved to be, whatever the packet says;
 * its payload is inside of it.
 */
#include "relay/relay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Why this packet does not go in; 0: it does, as its sender's. */
static unsigned admit(struct nw_packet *packet, const struct relay_set *set,
		      const struct relay_person *person)
{
	if (nw_packet_check(packet) != NW_PACKET_GOOD)
		return NW_RELAY_BAD;
	if ((packet->flags & NW_PACKET_FORM_MASK) != NW_PACKET_INLINE)
		return NW_RELAY_FORM;
	if ((packet->flags & NW_PACKET_SYSTEM) != 0 && !person->is_system)
		return NW_RELAY_RIGHTS;
	if ((packet->flags & NW_PACKET_SYSTEM) == 0 && !relay_set_allows(set, packet->topic))
		return RELAY_REASON_DENIED;
	packet->sender = person->sender;
	if (packet->priority < person->priority_top)
		packet->priority = person->priority_top;
	return 0;
}

/* Copies packets to where they are aligned, up to the first that does not go in. */
static uint32_t admit_chunk(struct relay_worker *worker, const struct relay_set *set,
			    const struct relay_person *person, const unsigned char *body,
			    uint32_t count, unsigned *ret_reason)
{
	*ret_reason = 0;
	memcpy(worker->packets, body, count * sizeof(struct nw_packet));
	for (uint32_t i = 0; i < count; i++) {
		*ret_reason = admit(&worker->packets[i], set, person);
		if (*ret_reason != 0)
			return i;
	}
	return count;
}

static void explain(struct relay_refused *refused, const struct nw_packet *packet,
		    const struct relay_person *person)
{
	char *text = refused->text;
	size_t n = sizeof(refused->text);

	switch (refused->reason) {
	case RELAY_REASON_DENIED:
		(void)snprintf(text, n,
			       "no rule allows topic 0x%08" PRIx32
			       ": add its name under topics in the rules, or try nodewise relay "
			       "--allow-all",
			       packet->topic);
		break;
	case NW_RELAY_BAD:
		(void)snprintf(text, n, "not a packet: %s",
			       nw_packet_fault_text(nw_packet_check(packet)));
		break;
	case NW_RELAY_FORM:
		(void)snprintf(text, n, "over a stream the payload is inside of the packet");
		break;
	case NW_RELAY_RIGHTS:
		(void)snprintf(
			text, n,
			"sender '%s' has no right to system packets: system: true in its rule "
			"gives it",
			person->name);
		break;
	case NW_RELAY_CLOSED:
		(void)snprintf(text, n, "the relay is closing");
		break;
	default:
		(void)snprintf(text, n, "shard %u: %s", (unsigned)refused->shard,
			       relay_reason_name(refused->reason));
	}
}

/* All of a frame or the first part of it; false: *ret_refused says what became of the rest. */
static bool submit(struct relay_worker *worker, const struct relay_set *set,
		   const struct relay_person *person, const struct relay_frame *frame,
		   struct relay_refused *ret_refused)
{
	uint32_t done = 0;

	while (done < frame->count) {
		uint32_t count = frame->count - done < RELAY_CHUNK ? frame->count - done
								   : RELAY_CHUNK;
		struct nw_relay_receipt receipt = { 0 };
		unsigned reason;
		uint32_t admitted = admit_chunk(
			worker, set, person, frame->body + (size_t)done * sizeof(struct nw_packet),
			count, &reason);
		uint32_t accepted = (uint32_t)nw_relay_submit(worker->producer, worker->packets,
							      admitted, &receipt);

		done += accepted;
		if (accepted == count)
			continue;
		*ret_refused = (struct relay_refused){
			.accepted = done,
			.reason = (uint16_t)(accepted < admitted ? receipt.reason : reason),
			.shard = (uint16_t)(accepted < admitted ? receipt.shard : 0),
			.retry_after_ns = accepted < admitted ? receipt.retry_after_ns : 0
		};
		explain(ret_refused, &worker->packets[accepted], person);
		return false;
	}
	return true;
}

void relay_take_data(struct relay_worker *worker, struct relay_conn *conn,
		     const struct relay_set *set, const struct relay_frame *frame)
{
	struct relay_refused refused;

	relay_count(&worker->tally.packets[conn->transport], frame->count);
	if (submit(worker, set, &conn->person, frame, &refused)) {
		relay_conn_ack(conn, frame->count);
		return;
	}
	if (refused.reason == RELAY_REASON_DENIED)
		relay_count(&worker->tally.denied, 1);
	relay_conn_refuse(conn, &refused);
}

/* Those that go in stand together. Counts those that the kernel dealt out wrongly. */
static uint32_t admit_each(struct relay_worker *worker, const struct relay_set *set,
			   const struct relay_person *person, const unsigned char *body,
			   uint32_t count)
{
	const struct nw_relay *relay = worker->server->relay;
	uint32_t kept = 0, stray = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct nw_packet *packet = &worker->packets[kept];

		memcpy(packet, body + i * sizeof(*packet), sizeof(*packet));
		if (admit(packet, set, person) != 0)
			continue;
		stray += nw_relay_shard_of(relay, packet->topic) != worker->idx;
		kept++;
	}
	relay_count(&worker->tally.denied, count - kept);
	relay_count(&worker->tally.stray, stray);
	return kept;
}

/* NULL: the rules let nobody in who proves nothing. */
static const struct relay_person *anonymous(struct relay_worker *worker,
					    const struct relay_set *set)
{
	static const struct relay_proof nothing = { .name = "", .token = "", .is_local = true };
	char text[RELAY_TEXT_BYTES];

	if (worker->anonymous_version != set->version) {
		worker->is_anonymous = relay_identify(set, &nothing, &worker->anonymous, text);
		worker->anonymous_version = set->version;
	}
	return worker->is_anonymous ? &worker->anonymous : NULL;
}

void relay_take_datagram(struct relay_worker *worker, const struct relay_set *set,
			 const struct relay_frame *frame)
{
	const struct relay_person *person = anonymous(worker, set);

	relay_count(&worker->tally.packets[RELAY_BY_UDP], frame->count);
	if (!person) {
		relay_count(&worker->tally.unidentified, frame->count);
		return;
	}
	for (uint32_t done = 0; done < frame->count; done += RELAY_CHUNK) {
		uint32_t count = frame->count - done < RELAY_CHUNK ? frame->count - done
								   : RELAY_CHUNK;
		uint32_t kept = admit_each(worker, set, person,
					   frame->body + (size_t)done * sizeof(struct nw_packet),
					   count);

		/* Nobody is there to be told: what is refused is counted by the engine. */
		(void)nw_relay_submit_each(worker->producer, worker->packets, kept, NULL, NULL);
	}
}
