/* SPDX-License-Identifier: MIT */
/*
 * The client's side of the lanes: coming, going, asking. What it does with packets is in
 * client_lane.c.
 *
 * Invariant: the relay is believed as far as sizes fit what was mapped; a welcome that does not add
 * up is refused.
 */
#include "client.h"

#include <nw/local.h>

#include <errno.h>
#include <stdio.h>
#include <time.h>

enum { SLOTS = 1024, TOPICS_MAX = NWI_BODY_BYTES_MAX / sizeof(uint32_t) };
#define TIMEOUT_NS UINT64_C(5000000000)

static int refuse(struct nw_diag *diag, int rc, const char *text)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%.255s", text);
	return rc;
}

uint64_t nwi_client_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock is always there */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the stream ---- */

/* All of n_bytes, or a negative errno. Descriptors come with the first byte, if at all. */
static int receive_all(int fd, void *ret_bytes, size_t n_bytes, struct nw_local_fds *ret_fds,
		       uint64_t timeout_ns)
{
	uint64_t begin_ns = nwi_client_now_ns(), spent_ns = 0;
	size_t at = 0;

	while (at < n_bytes) {
		int64_t n = nw_local_receive(fd, (char *)ret_bytes + at, n_bytes - at,
					     at == 0 ? ret_fds : NULL, timeout_ns - spent_ns);

		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && n != -EAGAIN)
			return (int)n;
		at += n > 0 ? (size_t)n : 0;
		spent_ns = nwi_client_now_ns() - begin_ns;
		if (at < n_bytes && spent_ns >= timeout_ns)
			return -ETIMEDOUT;
	}
	return 0;
}

static void close_fds(int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		nw_local_close(fds[i]);
		fds[i] = -1;
	}
}

static int say_hello(int fd, const struct nw_relay_client_options *o)
{
	struct nwi_hello hello = {
		.magic = NWI_HELLO_MAGIC,
		.version = NWI_WIRE_VERSION,
		.submit_slots = o->submit_slots > 0 ? o->submit_slots : SLOTS,
		.receive_slots = o->receive_slots > 0 ? o->receive_slots : SLOTS,
		.payload_bytes = o->payload_bytes,
	};

	if (o->name)
		memcpy(hello.name, o->name, strlen(o->name));
	if (o->token)
		memcpy(hello.token, o->token, strlen(o->token));
	return nw_local_send(fd, &hello, sizeof(hello), NULL, 0);
}

static int check_options(const struct nw_relay_client_options *o, struct nw_diag *diag)
{
	if (o->name && strlen(o->name) >= NWI_NAME_BYTES)
		return refuse(diag, -EINVAL, "a client's name has at most 63 bytes");
	if (o->token && strlen(o->token) >= NWI_TOKEN_BYTES)
		return refuse(diag, -EINVAL, "a client's token has at most 255 bytes");
	if ((o->submit_slots > 0 && nw_lane_bytes(o->submit_slots) == 0) ||
	    (o->receive_slots > 0 && nw_lane_bytes(o->receive_slots) == 0) ||
	    o->submit_slots > NWI_LANES_MAX || o->receive_slots > NWI_LANES_MAX)
		return refuse(diag, -EINVAL, "a lane has a power of two of slots, 2 to 65536");
	if (o->payload_bytes > NWI_PAYLOAD_MAX)
		return refuse(diag, -EINVAL, "a client's payload has at most 65536 bytes");
	return 0;
}

/* Whether the sizes of a welcome fit each other. */
static bool adds_up(const struct nwi_welcome *w, uint32_t fd_count)
{
	return w->shard_count >= 1 && w->shard_count <= NW_RELAY_SHARDS_MAX &&
	       fd_count == NWI_FD_SHARDS + w->shard_count * (w->arena_bytes > 0 ? 2 : 1) &&
	       w->arena_bytes <= NWI_STORE_BYTES_MAX &&
	       (w->arena_bytes & (w->arena_bytes - 1)) == 0 &&
	       w->payload_bytes <= NWI_PAYLOAD_MAX && w->submit_slots <= NWI_LANES_MAX &&
	       w->receive_slots <= NWI_LANES_MAX && nw_lane_bytes(w->submit_slots) > 0 &&
	       nw_lane_bytes(w->receive_slots) > 0 &&
	       w->stride_bytes ==
		       nwi_stride_bytes(w->submit_slots, w->receive_slots, w->payload_bytes) &&
	       w->board_bytes == nwi_board_bytes(w->shard_count);
}

static int check_welcome(struct nwi_welcome *w, uint32_t fd_count, struct nw_diag *diag)
{
	if (w->magic != NWI_WELCOME_MAGIC)
		return refuse(diag, -EPROTO, "no relay answers at this socket");
	if (w->version != NWI_WIRE_VERSION)
		return refuse(diag, -EPROTO,
			      "the relay is of another version; use the one of this client");
	w->text[NWI_TEXT_BYTES - 1] = 0;
	if (w->rc < 0)
		return refuse(diag, w->rc > -4096 ? w->rc : -EPROTO,
			      w->text[0] ? w->text : "the relay does not admit this client");
	if (!adds_up(w, fd_count))
		return refuse(diag, -EPROTO, "the relay's answer does not add up");
	return 0;
}

/* ---- coming ---- */

static int open_part(struct nw_relay_client *client, uint32_t shard_idx,
		     const struct nwi_welcome *w)
{
	char *part = (char *)client->lanes_shm.mem.base + shard_idx * w->stride_bytes;
	struct nwi_pier *pier = &client->piers[shard_idx];
	int rc = nw_lane_writer_open(&pier->writer, nwi_submit_lane(part),
				     nw_lane_bytes(w->submit_slots), w->submit_slots);

	pier->notes = (const struct nwi_notes *)(void *)part;
	pier->payloads = nwi_payloads(part, w->submit_slots, w->receive_slots);
	if (rc == 0)
		rc = nw_lane_reader_open(&pier->reader, nwi_receive_lane(part, w->submit_slots),
					 nw_lane_bytes(w->receive_slots), w->receive_slots);
	return rc;
}

static int map_arenas(struct nw_relay_client *client, const struct nwi_welcome *w, int *fds)
{
	int rc = 0;

	for (uint32_t i = 0; i < w->shard_count && rc == 0 && w->arena_bytes > 0; i++) {
		rc = nw_shm_map(&client->piers[i].arena, fds[i], w->arena_bytes, false);
		if (rc == 0)
			fds[i] = -1;
	}
	return rc;
}

/* Takes those descriptors that it maps or keeps: they are -1 then. */
static int map_all(struct nw_relay_client *client, const struct nwi_welcome *w, int *fds)
{
	int rc = nw_shm_map(&client->board_shm, fds[NWI_FD_BOARD], w->board_bytes, false);

	if (rc < 0)
		return rc;
	fds[NWI_FD_BOARD] = -1;
	client->board = client->board_shm.mem.base;
	rc = nw_shm_map(&client->lanes_shm, fds[NWI_FD_LANES], w->shard_count * w->stride_bytes,
			true);
	if (rc < 0)
		return rc;
	fds[NWI_FD_LANES] = -1;
	if (client->board->magic != NWI_BOARD_MAGIC || client->board->version != NWI_BOARD_VERSION)
		return -EPROTO;
	for (uint32_t i = 0; i < w->shard_count && rc == 0; i++)
		rc = open_part(client, i, w);
	if (rc < 0)
		return rc;
	client->bell_fd = fds[NWI_FD_BELL];
	client->room_fd = fds[NWI_FD_ROOM];
	fds[NWI_FD_BELL] = fds[NWI_FD_ROOM] = -1;
	for (uint32_t i = 0; i < w->shard_count; i++) {
		client->piers[i].bell_fd = fds[NWI_FD_SHARDS + i];
		fds[NWI_FD_SHARDS + i] = -1;
	}
	return map_arenas(client, w, fds + NWI_FD_SHARDS + w->shard_count);
}

static void release(struct nw_relay_client *client)
{
	struct nw_mem mem = client->mem; /* the block holds its description */

	nw_bell_close(client->bell_fd);
	nw_bell_close(client->room_fd);
	for (uint32_t i = 0; i < client->shard_count; i++) {
		nw_bell_close(client->piers[i].bell_fd);
		nw_shm_close(&client->piers[i].arena);
	}
	nw_shm_close(&client->lanes_shm);
	nw_shm_close(&client->board_shm);
	nw_mem_free(&mem);
}

static int make_client(struct nw_relay_client **ret_client, const struct nwi_welcome *w, int *fds)
{
	struct nw_relay_client *client;
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, NW_NODE_ANY,
			      sizeof(*client) + w->shard_count * sizeof(struct nwi_pier), 0);

	if (rc < 0)
		return rc;
	client = mem.base;
	client->mem = mem;
	client->shard_count = w->shard_count;
	client->sender = w->sender;
	client->rights = w->rights;
	client->priority_top = (uint8_t)w->priority_top;
	client->payload_bytes = w->payload_bytes;
	client->arena_bytes = w->arena_bytes;
	client->bell_fd = client->room_fd = -1;
	for (uint32_t i = 0; i < w->shard_count; i++)
		client->piers[i].bell_fd = -1;
	rc = map_all(client, w, fds);
	if (rc < 0) {
		release(client);
		return rc;
	}
	nwi_client_first_map(client);
	*ret_client = client;
	return 0;
}

int nw_relay_client_open(struct nw_relay_client **ret_client, int fd,
			 const struct nw_relay_client_options *options, struct nw_diag *reterr_diag)
{
	struct nw_relay_client_options o = { .name = NULL };
	int numbers[NW_LOCAL_FDS_MAX];
	struct nw_local_fds fds = { .fds = numbers, .max = NW_LOCAL_FDS_MAX };
	struct nwi_welcome w;
	int rc;

	if (options)
		o = *options;
	o.timeout_ns = o.timeout_ns > 0 ? o.timeout_ns : TIMEOUT_NS;
	rc = check_options(&o, reterr_diag);
	if (rc < 0)
		return rc;
	rc = say_hello(fd, &o);
	if (rc == 0)
		rc = receive_all(fd, &w, sizeof(w), &fds, o.timeout_ns);
	if (rc < 0)
		(void)refuse(reterr_diag, rc,
			     rc == -ETIMEDOUT ? "the relay does not answer; is it one?"
					      : "the relay has hung up; its log may say why");
	if (rc == 0)
		rc = check_welcome(&w, fds.count, reterr_diag);
	if (rc == 0) {
		rc = make_client(ret_client, &w, numbers);
		if (rc < 0)
			(void)refuse(reterr_diag, rc, "what the relay shares cannot be mapped");
	}
	close_fds(numbers, fds.count);
	if (rc < 0)
		return rc;
	(*ret_client)->fd = fd;
	(*ret_client)->timeout_ns = o.timeout_ns;
	return 0;
}

int nw_relay_client_connect(struct nw_relay_client **ret_client, const char *path,
			    const struct nw_relay_client_options *options,
			    struct nw_diag *reterr_diag)
{
	int fd = nw_local_connect(path), rc;

	if (fd < 0) {
		if (reterr_diag)
			(void)snprintf(reterr_diag->text, sizeof(reterr_diag->text),
				       "cannot connect to %.120s: %s; does the relay run?", path,
				       strerror(-fd));
		return fd;
	}
	rc = nw_relay_client_open(ret_client, fd, options, reterr_diag);
	if (rc < 0)
		nw_local_close(fd);
	return rc;
}

void nw_relay_client_close(struct nw_relay_client *client)
{
	if (!client)
		return;
	nw_local_close(client->fd);
	release(client);
}

/* ---- asking ---- */

static int ask(struct nw_relay_client *client, uint32_t kind, const void *body, size_t n_bytes,
	       uint32_t *ret_count)
{
	struct nwi_ask head = { .kind = kind, .body_bytes = (uint32_t)n_bytes };
	struct nwi_answer answer;
	int rc;

	if (n_bytes > NWI_BODY_BYTES_MAX)
		return -E2BIG;
	rc = nw_local_send(client->fd, &head, sizeof(head), NULL, 0);
	if (rc == 0 && n_bytes > 0)
		rc = nw_local_send(client->fd, body, n_bytes, NULL, 0);
	if (rc == 0)
		rc = receive_all(client->fd, &answer, sizeof(answer), NULL, client->timeout_ns);
	if (rc < 0)
		return rc;
	if (answer.rc < 0)
		return answer.rc > -4096 ? answer.rc : -EPROTO;
	if (ret_count)
		*ret_count = answer.count;
	return 0;
}

static uint32_t kind_of(enum nwi_ask_kind kind, bool is_on)
{
	return is_on ? (uint32_t)kind : (uint32_t)kind | NWI_ASK_OFF;
}

int nw_relay_client_subscribe(struct nw_relay_client *client, const uint32_t *topics, size_t count,
			      bool is_on)
{
	if (count > TOPICS_MAX)
		return -E2BIG;
	return ask(client, kind_of(NWI_ASK_TOPICS, is_on), topics, count * sizeof(uint32_t), NULL);
}

int nw_relay_client_subscribe_prefix(struct nw_relay_client *client, const char *prefix,
				     size_t n_bytes, bool is_on, uint32_t *ret_count)
{
	return ask(client, kind_of(NWI_ASK_PREFIX, is_on), prefix, n_bytes, ret_count);
}

int nw_relay_client_subscribe_all(struct nw_relay_client *client, bool is_on)
{
	return ask(client, kind_of(NWI_ASK_ALL, is_on), NULL, 0, NULL);
}
