/* SPDX-License-Identifier: MIT */
/*
 * A dial: lines, and a lookout that tells what happens on them.
 *
 * A line is a socket that was reset and connects again: neither a socket nor a descriptor is made
 * for a call. Lines that are free are a stack, so that those used last, which are in the caches,
 * are used next.
 *
 * Invariant: a line has one request of the lookout at a time; one that is hung up while it has one
 * is free when the lookout has told its end.
 */
#include <nw/dial.h>

#include "base/diag.h"
#include "os/heap.h"
#include "os/lookout.h"
#include "os/socket.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static_assert(NW_DIAL_LINES_MAX == NWI_LOOKOUT_MAX, "a request a line");
static_assert(NW_DIAL_TAKE_MAX == NWI_LOOKOUT_TAKE_MAX, "taken as they come");

enum line_state {
	LINE_FREE,
	LINE_CALLING, /* has a request */
	LINE_STREAM,
	LINE_LISTENING, /* has a request */
	LINE_LEAVING    /* has a request that was cancelled */
};

struct line {
	struct nwi_socket_address address; /* the kernel reads it as late as it likes */
	int fd;                            /* -1: none yet */
	bool is_ipv6;
	bool was_refused; /* and not reset since: the kernel has done that, as a rule */
	enum line_state state;
};

struct nw_dial {
	struct nwi_lookout *lookout;
	struct nwi_socket_terms terms;
	unsigned char sources[2][16];
	struct line *lines;
	uint32_t *free; /* a stack */
	uint32_t line_count, free_count;
	uint32_t socket_count;
	char how[80];
};

/* --- Opening --- */

static void keep_terms(struct nw_dial *dial, const struct nw_dial_options *options)
{
	dial->terms.interface = options->interface;
	if (options->source_ipv4)
		dial->terms.source_ipv4 = memcpy(dial->sources[0], options->source_ipv4, 4);
	if (options->source_ipv6)
		dial->terms.source_ipv6 = memcpy(dial->sources[1], options->source_ipv6, 16);
	dial->terms.is_blocking = nwi_lookout_wants_blocking(dial->lookout);
}

static void keep_how(struct nw_dial *dial, int why)
{
	if (why == 0)
		(void)snprintf(dial->how, sizeof(dial->how), "io_uring");
	else if (why == -ECANCELED)
		(void)snprintf(dial->how, sizeof(dial->how), "epoll, as asked");
	else
		(void)snprintf(dial->how, sizeof(dial->how), "epoll, io_uring is not allowed: %s",
			       strerror(-why));
}

static int make_lines(struct nw_dial *dial, uint32_t line_count)
{
	dial->lines = nwi_heap_alloc_array(line_count, sizeof(*dial->lines));
	dial->free = nwi_heap_alloc_array(line_count, sizeof(*dial->free));
	if (!dial->lines || !dial->free)
		return -ENOMEM;
	dial->line_count = dial->free_count = line_count;
	for (uint32_t i = 0; i < line_count; i++) {
		dial->lines[i].fd = -1;
		dial->free[i] = line_count - 1 - i;
	}
	return 0;
}

int nw_dial_open(struct nw_dial **ret_dial, const struct nw_dial_options *options,
		 struct nw_diag *reterr_diag)
{
	struct nw_dial *dial;
	int rc, why = 0;

	if (options->line_count == 0 || options->line_count > NW_DIAL_LINES_MAX) {
		nwi_diag_set(reterr_diag, "%u lines: 1 to %u can be had", options->line_count,
			     NW_DIAL_LINES_MAX);
		return -EINVAL;
	}
	dial = nwi_heap_alloc(sizeof(*dial));
	if (!dial)
		return -ENOMEM;
	rc = make_lines(dial, options->line_count);
	if (rc == 0)
		rc = nwi_lookout_open(&dial->lookout, options->line_count, options->no_uring, &why);
	if (rc < 0) {
		nwi_diag_set(reterr_diag, "connections: %s", strerror(-rc));
		nw_dial_close(dial);
		return rc;
	}
	keep_terms(dial, options);
	keep_how(dial, why);
	*ret_dial = dial;
	return 0;
}

/* The lookout first: it may still read addresses. */
void nw_dial_close(struct nw_dial *dial)
{
	if (!dial)
		return;
	nwi_lookout_close(dial->lookout);
	for (uint32_t i = 0; i < dial->line_count; i++)
		nwi_socket_close(dial->lines[i].fd);
	nwi_heap_free(dial->lines);
	nwi_heap_free(dial->free);
	nwi_heap_free(dial);
}

const char *nw_dial_how(const struct nw_dial *dial)
{
	return dial->how;
}

uint32_t nw_dial_free_count(const struct nw_dial *dial)
{
	return dial->free_count;
}

/* --- Lines --- */

static void drop_socket(struct nw_dial *dial, struct line *line)
{
	nwi_lookout_forget(dial->lookout, line->fd);
	nwi_socket_close(line->fd);
	line->fd = -1;
	dial->socket_count--;
}

static void free_as_it_is(struct nw_dial *dial, uint32_t idx)
{
	dial->lines[idx].state = LINE_FREE;
	dial->free[dial->free_count++] = idx;
}

static void free_line(struct nw_dial *dial, uint32_t idx)
{
	struct line *line = &dial->lines[idx];

	/* A socket that cannot be reset is of no more use. */
	if (nwi_socket_reset(line->fd) < 0)
		drop_socket(dial, line);
	line->was_refused = false;
	free_as_it_is(dial, idx);
}

static int give_socket(struct nw_dial *dial, struct line *line, bool is_ipv6)
{
	int rc;

	if (line->fd >= 0 && line->is_ipv6 != is_ipv6)
		drop_socket(dial, line);
	if (line->fd >= 0)
		return 0;
	rc = nwi_socket_open(is_ipv6, &dial->terms, &line->fd);
	if (rc == 0)
		dial->socket_count++;
	line->is_ipv6 = is_ipv6;
	return rc;
}

int nw_dial_call(struct nw_dial *dial, const unsigned char *address, bool is_ipv6, uint16_t port,
		 uint32_t *ret_line)
{
	uint32_t idx;
	struct line *line;
	int rc;

	if (dial->free_count == 0)
		return -EAGAIN;
	idx = dial->free[dial->free_count - 1];
	line = &dial->lines[idx];
	rc = give_socket(dial, line, is_ipv6);
	/* With fewer descriptors than lines those that there are do the work. */
	if ((rc == -EMFILE || rc == -ENFILE) && dial->socket_count > 0)
		return -EAGAIN;
	if (rc < 0)
		return rc;
	dial->free_count--;
	nwi_socket_address_set(&line->address, address, is_ipv6, port);
	line->state = LINE_CALLING;
	nwi_lookout_connect(dial->lookout, line->fd, &line->address, idx);
	*ret_line = idx;
	return 0;
}

static struct line *line_at(struct nw_dial *dial, uint32_t idx)
{
	assert(idx < dial->line_count && dial->lines[idx].state != LINE_FREE &&
	       dial->lines[idx].state != LINE_LEAVING);
	return &dial->lines[idx];
}

void nw_dial_hang_up(struct nw_dial *dial, uint32_t line_idx)
{
	struct line *line = line_at(dial, line_idx);

	if (line->state == LINE_STREAM) {
		free_line(dial, line_idx);
		return;
	}
	line->state = LINE_LEAVING;
	nwi_lookout_cancel(dial->lookout, line->fd, line_idx);
}

void nw_dial_listen(struct nw_dial *dial, uint32_t line_idx)
{
	struct line *line = line_at(dial, line_idx);

	assert(line->state == LINE_STREAM);
	line->state = LINE_LISTENING;
	nwi_lookout_readable(dial->lookout, line->fd, line_idx);
}

int64_t nw_dial_hear(struct nw_dial *dial, uint32_t line, void *ret_bytes, size_t n_bytes)
{
	return nwi_socket_receive(line_at(dial, line)->fd, ret_bytes, n_bytes);
}

int64_t nw_dial_say(struct nw_dial *dial, uint32_t line, const void *bytes, size_t n_bytes)
{
	return nwi_socket_send(line_at(dial, line)->fd, bytes, n_bytes);
}

/* --- What happens --- */

/* A connect by io_uring that is refused leaves a socket that may connect again, and a call less for
 * each closed port. Kernels that only took the error off the socket (up to Linux 6.6) end the next
 * connect at once, before anything was sent: then it is reset, and called again. */
static bool call_again(struct nw_dial *dial, uint32_t idx, int result)
{
	struct line *line = &dial->lines[idx];

	if (!line->was_refused || result != -ECONNABORTED)
		return false;
	line->was_refused = false;
	if (nwi_socket_reset(line->fd) < 0)
		return false;
	nwi_lookout_connect(dial->lookout, line->fd, &line->address, idx);
	return true;
}

static void end_call(struct nw_dial *dial, uint32_t idx, int result, struct nw_dial_event *event)
{
	struct line *line = &dial->lines[idx];

	event->error = result < 0 ? result : nwi_socket_verify(line->fd);
	event->kind = event->error == 0 ? NW_DIAL_ANSWERED : NW_DIAL_FAILED;
	line->was_refused = dial->terms.is_blocking && result == -ECONNREFUSED;
	line->state = LINE_STREAM;
	if (line->was_refused)
		free_as_it_is(dial, idx);
	else if (event->error < 0)
		free_line(dial, idx);
}

/* false: nobody has to know. */
static bool read_news(struct nw_dial *dial, const struct nwi_lookout_news *news,
		      struct nw_dial_event *ret_event)
{
	struct line *line = &dial->lines[news->tag];

	*ret_event = (struct nw_dial_event){ .line = news->tag };
	switch (line->state) {
	case LINE_CALLING:
		if (call_again(dial, news->tag, news->result))
			return false;
		end_call(dial, news->tag, news->result, ret_event);
		return true;
	case LINE_LISTENING:
		ret_event->kind = NW_DIAL_READABLE;
		line->state = LINE_STREAM;
		return true;
	case LINE_LEAVING:
		free_line(dial, news->tag);
		return false;
	case LINE_FREE:
	case LINE_STREAM:
		break;
	}
	assert(false); /* a line without a request */
	return false;
}

uint32_t nw_dial_take(struct nw_dial *dial, struct nw_dial_event *ret_events, uint32_t count,
		      uint64_t timeout_ns)
{
	struct nwi_lookout_news news[NWI_LOOKOUT_TAKE_MAX];
	uint32_t n, told = 0;

	n = nwi_lookout_take(dial->lookout, news,
			     count < NWI_LOOKOUT_TAKE_MAX ? count : NWI_LOOKOUT_TAKE_MAX,
			     timeout_ns);
	for (uint32_t i = 0; i < n; i++)
		told += read_news(dial, &news[i], &ret_events[told]);
	return told;
}
