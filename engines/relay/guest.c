/* SPDX-License-Identifier: MIT */
/*
 * Guests: clients in other processes, as the relay sees them.
 *
 * A guest comes (its lanes are made, its descriptors sent, then shards see it in a new table), is
 * served over its stream (ask.c), and leaves: marked so, it hears nothing more, each shard takes
 * what the guest had shown until then and says that it is done; then a table without it is put into
 * force, and after a grace period its memory is released. Control calls do that on their way
 * (nwi_guests_reap()).
 *
 * Invariant: a guest is released only when every shard has said is_shut and no section can have it
 * from a table; so a shard's look at a lane never waits for control, nor control for a shard.
 */
#include "shard.h"

#include <nw/local.h>

#include <errno.h>
#include <stdio.h>

enum { SLOTS = 1024 };

/* ---- hello ---- */

bool nw_relay_hello_read(const void *bytes, struct nw_relay_hello *ret_hello)
{
	struct nwi_hello wire;
	struct nw_relay_hello hello = { .name = "" };

	memcpy(&wire, bytes, sizeof(wire));
	if (wire.magic != NWI_HELLO_MAGIC || wire.version != NWI_WIRE_VERSION ||
	    wire.name[NWI_NAME_BYTES - 1] != 0 || wire.token[NWI_TOKEN_BYTES - 1] != 0)
		return false;
	memcpy(hello.name, wire.name, sizeof(hello.name));
	memcpy(hello.token, wire.token, sizeof(hello.token));
	hello.submit_slots = wire.submit_slots;
	hello.receive_slots = wire.receive_slots;
	hello.payload_bytes = wire.payload_bytes;
	*ret_hello = hello;
	return true;
}

static struct nwi_welcome empty_welcome(void)
{
	return (struct nwi_welcome){ .magic = NWI_WELCOME_MAGIC, .version = NWI_WIRE_VERSION };
}

int nw_relay_guest_refuse(int fd, int rc, const char *text)
{
	struct nwi_welcome welcome = empty_welcome();

	welcome.rc = rc < 0 ? rc : -EACCES;
	(void)snprintf(welcome.text, sizeof(welcome.text), "%s", text);
	return nw_local_send(fd, &welcome, sizeof(welcome), NULL, 0);
}

/* away_fds: what the client hears, NWI_FD_BELL then NWI_FD_ROOM. */
static int welcome(const struct nw_relay_guest *guest, uint32_t receive_slots,
		   const int away_fds[2])
{
	const struct nw_relay *relay = guest->relay;
	struct nwi_welcome w = empty_welcome();
	int fds[NWI_FD_SHARDS + 2 * NW_RELAY_SHARDS_MAX];
	uint32_t fd_count = NWI_FD_SHARDS;

	w.shard_count = relay->shard_count;
	w.submit_slots = guest->submit_slots;
	w.receive_slots = receive_slots;
	w.sender = guest->options.sender;
	w.rights = guest->options.rights;
	w.priority_top = guest->options.priority_top;
	w.stride_bytes = nwi_stride_bytes(guest->submit_slots, receive_slots, guest->payload_bytes);
	w.board_bytes = nwi_board_bytes(relay->shard_count);
	fds[NWI_FD_BOARD] = relay->board_shm.fd;
	fds[NWI_FD_LANES] = guest->shm.fd;
	fds[NWI_FD_BELL] = away_fds[0];
	fds[NWI_FD_ROOM] = away_fds[1];
	w.payload_bytes = guest->payload_bytes;
	w.arena_bytes = relay->options.arena_bytes;
	for (uint32_t i = 0; i < relay->shard_count; i++)
		fds[fd_count++] = relay->shards[i]->gate.away_fd;
	for (uint32_t i = 0; i < relay->shard_count && w.arena_bytes > 0; i++)
		fds[fd_count++] = relay->shards[i]->store->shm.fd;
	return nw_local_send(guest->fd, &w, sizeof(w), fds, fd_count);
}

/* ---- tables: under the lock ---- */

static void release_table(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	struct nw_mem mem = ((struct nwi_guests *)ptr)->mem; /* the block holds its description */

	(void)thread;
	(void)arg;
	nw_mem_free(&mem);
}

static uint32_t guest_count(const struct nw_relay *relay)
{
	uint32_t count = 0;

	for (const struct nw_relay_guest *guest = relay->guest_list; guest; guest = guest->next)
		count++;
	return count;
}

/* A table of the list as it is. */
static int make_table(struct nw_relay *relay, struct nwi_guests **ret_table)
{
	uint32_t count = guest_count(relay);
	struct nwi_guests *table;
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, NW_NODE_ANY, sizeof(*table) + count * sizeof(void *), 0);

	if (rc < 0)
		return rc;
	table = mem.base;
	table->mem = mem;
	for (struct nw_relay_guest *guest = relay->guest_list; guest; guest = guest->next)
		table->guests[table->count++] = guest;
	*ret_table = table;
	return 0;
}

static void put_table(struct nw_relay *relay, struct nwi_guests *table)
{
	struct nwi_guests *old = nw_rcu_exchange_pointer(&relay->guests, table);

	if (old)
		nw_rcu_call(relay->control, &old->head, old, release_table, NULL);
}

static void enlist(struct nw_relay *relay, struct nw_relay_guest *guest)
{
	guest->next = relay->guest_list;
	guest->link = &relay->guest_list;
	if (guest->next)
		guest->next->link = &guest->next;
	relay->guest_list = guest;
}

static void unlist(struct nw_relay_guest *guest)
{
	*guest->link = guest->next;
	if (guest->next)
		guest->next->link = guest->link;
}

/* ---- coming ---- */

static void release(struct nw_relay_guest *guest)
{
	struct nw_mem mem = guest->mem; /* the block holds its description */

	if (guest->subscriber)
		nwi_subscriber_release(guest->subscriber);
	nw_bell_close(guest->bell_fd);
	nw_bell_close(guest->room_fd);
	nw_shm_close(&guest->shm);
	nw_mem_free(&guest->inbox_mem);
	nw_mem_free(&mem);
}

static void release_guest(struct nw_rcu_thread *thread, void *ptr, void *arg)
{
	(void)thread;
	(void)arg;
	release(ptr);
}

/* The lanes of one shard, their pages on its node. */
static int make_part(struct nw_relay_guest *guest, uint32_t shard_idx, uint32_t receive_slots)
{
	size_t stride = nwi_stride_bytes(guest->submit_slots, receive_slots, guest->payload_bytes);
	char *part = (char *)guest->shm.mem.base + shard_idx * stride;
	struct nwi_stall *stall = &guest->stalls[shard_idx];
	size_t n_bytes = nw_lane_bytes(guest->submit_slots);
	struct nw_mem mem;
	int rc = nw_shm_place(&guest->shm, shard_idx * stride, stride,
			      guest->relay->shards[shard_idx]->node, &mem);

	stall->notes = (struct nwi_notes *)(void *)part;
	nwi_blame_add(guest->relay->shards[shard_idx], guest->options.sender,
		      stall->dropped_before);
	stall->payloads = nwi_payloads(part, guest->submit_slots, receive_slots);
	if (rc == 0)
		rc = nw_lane_format(nwi_submit_lane(part), n_bytes, guest->submit_slots);
	if (rc == 0)
		rc = nw_lane_reader_open(&stall->reader, nwi_submit_lane(part), n_bytes,
					 guest->submit_slots);
	if (rc == 0)
		rc = nw_lane_format(nwi_receive_lane(part, guest->submit_slots),
				    nw_lane_bytes(receive_slots), receive_slots);
	return rc;
}

static int make_lanes(struct nw_relay_guest *guest, uint32_t receive_slots)
{
	uint32_t shards = guest->relay->shard_count;
	int rc = nw_shm_create(
		&guest->shm, "nw-relay-lanes", NW_NODE_ANY,
		shards * nwi_stride_bytes(guest->submit_slots, receive_slots, guest->payload_bytes),
		0);

	for (uint32_t i = 0; i < shards && rc == 0; i++)
		rc = make_part(guest, i, receive_slots);
	return rc;
}

static uint32_t slots_of(uint32_t asked, uint32_t slots_max)
{
	uint32_t slots = asked > 0 ? asked : SLOTS;

	return slots < slots_max ? slots : slots_max;
}

/* Without stores there is nowhere to put payloads. */
static uint32_t payload_bytes_of(const struct nw_relay *relay, const struct nw_relay_hello *hello,
				 const struct nw_relay_guest_options *options)
{
	uint32_t most = options->payload_bytes_max > 0 ? options->payload_bytes_max
						       : NWI_PAYLOAD_MAX;
	uint32_t asked = hello->payload_bytes < most ? hello->payload_bytes : most;

	return relay->options.arena_bytes > 0 ? asked / 8 * 8 : 0;
}

static int make_guest(struct nw_relay_guest **ret_guest, struct nw_relay *relay, int fd,
		      const struct nw_relay_guest_options *options)
{
	struct nw_relay_guest *guest;
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, NW_NODE_ANY,
			      sizeof(*guest) + relay->shard_count * sizeof(struct nwi_stall), 0);

	if (rc < 0)
		return rc;
	guest = mem.base;
	guest->mem = mem;
	guest->relay = relay;
	guest->options = *options;
	guest->fd = fd;
	guest->bell_fd = guest->room_fd = -1;
	rc = nw_mem_alloc(&guest->inbox_mem, NW_NODE_ANY, NWI_INBOX_BYTES, 0);
	guest->inbox = guest->inbox_mem.base;
	if (rc < 0)
		release(guest);
	else
		*ret_guest = guest;
	return rc;
}

/* Under the lock: shards see it, or nobody does. */
static int let_in(struct nw_relay_guest *guest, uint32_t receive_slots, const int away_fds[2])
{
	struct nw_relay *relay = guest->relay;
	struct nwi_guests *table;
	int rc = nwi_subscriber_open_away(&guest->subscriber, guest, receive_slots);

	if (rc < 0)
		return rc;
	enlist(relay, guest);
	rc = make_table(relay, &table);
	if (rc == 0) {
		/* Before it can submit, so that nothing of it is overlooked. */
		put_table(relay, table);
		rc = welcome(guest, receive_slots, away_fds);
	}
	return rc;
}

static int check_options(const struct nw_relay_guest_options *o, uint32_t submit_slots,
			 uint32_t receive_slots)
{
	if (o->rights & ~(unsigned)NW_RELAY_MAY_SYSTEM ||
	    o->priority_top >= NW_PACKET_PRIORITY_COUNT)
		return -EINVAL;
	if (nw_lane_bytes(submit_slots) == 0 || nw_lane_bytes(receive_slots) == 0)
		return -EINVAL;
	return 0;
}

static int refuse(struct nw_diag *diag, int rc)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "a client is not admitted: %s",
			       strerror(-rc));
	return rc;
}

/* Its lanes and bells. */
static int make_ways(struct nw_relay_guest *guest, uint32_t receive_slots, int away_fds[2])
{
	int rc = nw_bell_open_away(&guest->bell_fd, &away_fds[0]);

	if (rc == 0)
		rc = nw_bell_open_away(&guest->room_fd, &away_fds[1]);
	if (rc == 0)
		rc = make_lanes(guest, receive_slots);
	return rc;
}

/* All of it, or nothing; guest->fd is the caller's in that case. */
static int admit(struct nw_relay_guest *guest, uint32_t receive_slots)
{
	struct nw_relay *relay = guest->relay;
	int away_fds[2] = { -1, -1 }, rc = make_ways(guest, receive_slots, away_fds);

	if (rc == 0) {
		pthread_mutex_lock(&relay->lock);
		rc = let_in(guest, receive_slots, away_fds);
		nwi_guests_reap(relay);
		pthread_mutex_unlock(&relay->lock);
	}
	nw_bell_close(away_fds[0]);
	nw_bell_close(away_fds[1]);
	if (rc == 0)
		return 0;
	guest->fd = -1;
	if (guest->link)
		nw_relay_guest_close(guest);
	else
		release(guest);
	return rc;
}

int nw_relay_guest_admit(struct nw_relay_guest **ret_guest, struct nw_relay *relay, int fd,
			 const struct nw_relay_hello *hello,
			 const struct nw_relay_guest_options *options, struct nw_diag *reterr_diag)
{
	uint32_t slots_max = options->slots_max > 0 ? options->slots_max : NWI_LANES_MAX;
	uint32_t submit_slots = slots_of(hello->submit_slots, slots_max);
	uint32_t receive_slots = slots_of(hello->receive_slots, slots_max);
	struct nw_relay_guest *guest = NULL;
	int rc = check_options(options, submit_slots, receive_slots);

	if (rc == 0 && relay->shards[0]->gate.away_fd < 0)
		rc = -ENOSYS;
	if (rc == 0)
		rc = make_guest(&guest, relay, fd, options);
	if (rc < 0)
		return refuse(reterr_diag, rc);
	guest->submit_slots = submit_slots;
	guest->payload_bytes = payload_bytes_of(relay, hello, options);
	rc = admit(guest, receive_slots);
	if (rc < 0)
		return refuse(reterr_diag, rc);
	*ret_guest = guest;
	return 0;
}

/* ---- leaving ---- */

static bool is_done(const struct nw_relay_guest *guest)
{
	/* relaxed: under the lock. */
	if (!atomic_load_explicit(&guest->is_leaving, memory_order_relaxed))
		return false;
	for (uint32_t i = 0; i < guest->relay->shard_count; i++)
		/* [reap.shut] acquire, pairs with [stall.shut]: the shard is done with the lane. */
		if (!atomic_load_explicit(&guest->stalls[i].is_shut, memory_order_acquire))
			return false;
	return true;
}

void nwi_guests_reap(struct nw_relay *relay)
{
	struct nw_relay_guest *gone = NULL, *next;
	struct nwi_guests *table;

	for (struct nw_relay_guest *guest = relay->guest_list; guest; guest = next) {
		next = guest->next;
		if (!is_done(guest))
			continue;
		unlist(guest);
		guest->next = gone;
		gone = guest;
	}
	if (!gone)
		return;
	if (make_table(relay, &table) == 0)
		put_table(relay, table);
	else
		table = NULL;
	for (; gone; gone = next) {
		next = gone->next;
		if (table)
			nw_rcu_call(relay->control, &gone->head, gone, release_guest, NULL);
		else
			enlist(relay, gone); /* no memory: another time */
	}
}

void nw_relay_guest_close(struct nw_relay_guest *guest)
{
	struct nw_relay *relay;

	if (!guest)
		return;
	relay = guest->relay;
	pthread_mutex_lock(&relay->lock);
	if (guest->subscriber)
		nwi_subscriber_unlist(guest->subscriber);
	nw_local_close(guest->fd);
	guest->fd = -1;
	/* relaxed: the value alone. */
	atomic_store_explicit(&guest->is_leaving, 1, memory_order_relaxed);
	nw_bell_fence(); /* either a shard sees that, or we see that it sleeps */
	for (uint32_t i = 0; i < relay->shard_count; i++)
		nwi_wake(relay, i);
	nwi_guests_reap(relay);
	(void)nw_rcu_run(relay->control); /* what is left waits for the next call */
	pthread_mutex_unlock(&relay->lock);
}

void nwi_guests_destroy(struct nw_relay *relay)
{
	struct nw_relay_guest *next;

	put_table(relay, NULL);
	for (struct nw_relay_guest *guest = relay->guest_list; guest; guest = next) {
		next = guest->next;
		/* relaxed: nobody else is running any more. */
		assert(atomic_load_explicit(&guest->is_leaving, memory_order_relaxed));
		unlist(guest);
		nw_rcu_call(relay->control, &guest->head, guest, release_guest, NULL);
	}
}
