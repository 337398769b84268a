/* SPDX-License-Identifier: MIT */
/*
 * The lookout: io_uring, or epoll with each socket armed for one event.
 *
 * With io_uring a request is an entry of the ring, so a connect is issued when what is queued is
 * submitted, its end comes by itself. With epoll a connect is called at once and the socket armed;
 * what ends at once waits in a list of its own.
 */
#include "os/lookout.h"

#include "base/clock.h"
#include "os/heap.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ENTRIES = 256 };
/* Tags are below 2^32; the end of a cancellation itself is nobody's. */
#define NOBODY UINT64_MAX

struct nwi_lookout {
	bool has_uring;
	struct io_uring ring;

	int epoll_fd;
	struct nwi_lookout_news *ready; /* ended at once: a ring, [mask + 1] */
	uint32_t head, tail, mask;
	struct epoll_event events[NWI_LOOKOUT_TAKE_MAX];
};

static uint32_t power_of_two(uint32_t n)
{
	uint32_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

/* --- io_uring --- */

/* The flags of the newest kernels first: an older one refuses what it does not know. */
static int open_uring(struct nwi_lookout *lookout, uint32_t request_count)
{
	static const unsigned wishes[] = { IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
					   IORING_SETUP_COOP_TASKRUN, 0 };
	int rc = -EINVAL;

	for (size_t i = 0; rc == -EINVAL && i < sizeof(wishes) / sizeof(*wishes); i++) {
		struct io_uring_params params = { .flags = wishes[i] | IORING_SETUP_CQSIZE,
						  .cq_entries = power_of_two(2 * request_count +
									     ENTRIES) };

		rc = io_uring_queue_init_params(ENTRIES, &lookout->ring, &params);
	}
	return rc;
}

static struct io_uring_sqe *next_entry(struct nwi_lookout *lookout)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&lookout->ring);

	while (!entry) {
		(void)io_uring_submit(&lookout->ring); /* busy: what has ended is taken later */
		entry = io_uring_get_sqe(&lookout->ring);
	}
	return entry;
}

static uint32_t take_uring(struct nwi_lookout *lookout, struct nwi_lookout_news *ret_news,
			   uint32_t count, uint64_t timeout_ns)
{
	struct __kernel_timespec limit = { .tv_sec = (long long)(timeout_ns / NWI_NS_PER_S),
					   .tv_nsec = (long long)(timeout_ns % NWI_NS_PER_S) };
	struct io_uring_cqe *ended[NWI_LOOKOUT_TAKE_MAX];
	uint32_t n, told = 0;

	/* An error here is a time-out or an interrupt: what has ended is looked at anyway. */
	if (timeout_ns > 0 && io_uring_cq_ready(&lookout->ring) == 0)
		(void)io_uring_submit_and_wait_timeout(&lookout->ring, ended, 1, &limit, NULL);
	else
		(void)io_uring_submit_and_get_events(&lookout->ring);
	n = io_uring_peek_batch_cqe(&lookout->ring, ended, count);
	for (uint32_t i = 0; i < n; i++) {
		if (io_uring_cqe_get_data64(ended[i]) > UINT32_MAX)
			continue;
		ret_news[told].tag = (uint32_t)io_uring_cqe_get_data64(ended[i]);
		ret_news[told++].result = ended[i]->res < 0 ? ended[i]->res : 0;
	}
	io_uring_cq_advance(&lookout->ring, n);
	return told;
}

/* --- epoll --- */

static int open_epoll(struct nwi_lookout *lookout, uint32_t request_count)
{
	lookout->mask = power_of_two(request_count) - 1;
	lookout->ready = nwi_heap_alloc_array(lookout->mask + 1, sizeof(*lookout->ready));
	if (!lookout->ready)
		return -ENOMEM;
	lookout->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (lookout->epoll_fd >= 0)
		return 0;
	nwi_heap_free(lookout->ready);
	return -errno;
}

static void end_at_once(struct nwi_lookout *lookout, uint32_t tag, int result)
{
	assert(lookout->head - lookout->tail <= lookout->mask);
	lookout->ready[lookout->head++ & lookout->mask] = (struct nwi_lookout_news){
		.tag = tag, .result = result
	};
}

/* What for is in the upper half: the end of a connect has to be asked for, with the descriptor. */
static void arm(struct nwi_lookout *lookout, int fd, uint32_t tag, uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLONESHOT,
				     .data.u64 = (uint64_t)(events == EPOLLOUT ? fd + 1 : 0) << 32 |
						 tag };

	if (epoll_ctl(lookout->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
		return;
	if (epoll_ctl(lookout->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		end_at_once(lookout, tag, -errno);
}

static uint32_t take_ready(struct nwi_lookout *lookout, struct nwi_lookout_news *ret_news,
			   uint32_t count)
{
	uint32_t told = 0;

	while (told < count && lookout->tail != lookout->head)
		ret_news[told++] = lookout->ready[lookout->tail++ & lookout->mask];
	return told;
}

static uint32_t take_epoll(struct nwi_lookout *lookout, struct nwi_lookout_news *ret_news,
			   uint32_t count, uint64_t timeout_ns)
{
	uint32_t told = take_ready(lookout, ret_news, count);
	struct timespec limit = nwi_timespec_of_ns(told > 0 ? 0 : timeout_ns);
	int n = 0;

	if (told < count)
		n = epoll_pwait2(lookout->epoll_fd, lookout->events, (int)(count - told), &limit,
				 NULL);
	for (int i = 0; i < n; i++) { /* below 0: interrupted */
		uint64_t data = lookout->events[i].data.u64;

		ret_news[told].tag = (uint32_t)data;
		ret_news[told++].result = data >> 32 ? nwi_socket_outcome((int)(data >> 32) - 1)
						     : 0;
	}
	return told;
}

/* --- Either --- */

bool nwi_lookout_wants_blocking(const struct nwi_lookout *lookout)
{
	return lookout->has_uring;
}

int nwi_lookout_open(struct nwi_lookout **ret_lookout, uint32_t request_count, bool no_uring,
		     int *ret_why)
{
	struct nwi_lookout *lookout;
	int rc, why = -ECANCELED;

	if (request_count == 0 || request_count > NWI_LOOKOUT_MAX)
		return -EINVAL;
	lookout = nwi_heap_alloc(sizeof(*lookout));
	if (!lookout)
		return -ENOMEM;
	if (!no_uring)
		why = open_uring(lookout, request_count);
	lookout->has_uring = why == 0;
	rc = why == 0 ? 0 : open_epoll(lookout, request_count);
	if (rc < 0) {
		nwi_heap_free(lookout);
		return rc;
	}
	*ret_why = why;
	*ret_lookout = lookout;
	return 0;
}

void nwi_lookout_close(struct nwi_lookout *lookout)
{
	if (!lookout)
		return;
	if (lookout->has_uring) {
		io_uring_queue_exit(&lookout->ring);
	} else {
		(void)close(lookout->epoll_fd);
		nwi_heap_free(lookout->ready);
	}
	nwi_heap_free(lookout);
}

void nwi_lookout_connect(struct nwi_lookout *lookout, int fd,
			 const struct nwi_socket_address *address, uint32_t tag)
{
	int rc;

	if (lookout->has_uring) {
		struct io_uring_sqe *entry = next_entry(lookout);

		io_uring_prep_connect(entry, fd, (const struct sockaddr *)address->bytes,
				      address->n_bytes);
		io_uring_sqe_set_data64(entry, tag);
		return;
	}
	rc = nwi_socket_connect(fd, address);
	if (rc == -EINPROGRESS)
		arm(lookout, fd, tag, EPOLLOUT);
	else
		end_at_once(lookout, tag, rc);
}

void nwi_lookout_readable(struct nwi_lookout *lookout, int fd, uint32_t tag)
{
	if (lookout->has_uring) {
		struct io_uring_sqe *entry = next_entry(lookout);

		io_uring_prep_poll_add(entry, fd, POLLIN);
		io_uring_sqe_set_data64(entry, tag);
		return;
	}
	arm(lookout, fd, tag, EPOLLIN);
}

void nwi_lookout_cancel(struct nwi_lookout *lookout, int fd, uint32_t tag)
{
	if (lookout->has_uring) {
		struct io_uring_sqe *entry = next_entry(lookout);

		io_uring_prep_cancel64(entry, tag, 0);
		io_uring_sqe_set_data64(entry, NOBODY);
		return;
	}
	for (uint32_t i = lookout->tail; i != lookout->head; i++)
		if (lookout->ready[i & lookout->mask].tag == tag)
			return;
	nwi_lookout_forget(lookout, fd);
	end_at_once(lookout, tag, -ECANCELED);
}

void nwi_lookout_forget(struct nwi_lookout *lookout, int fd)
{
	if (!lookout->has_uring)
		(void)epoll_ctl(lookout->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* not in it: fine */
}

uint32_t nwi_lookout_take(struct nwi_lookout *lookout, struct nwi_lookout_news *ret_news,
			  uint32_t count, uint64_t timeout_ns)
{
	if (count > NWI_LOOKOUT_TAKE_MAX)
		count = NWI_LOOKOUT_TAKE_MAX;
	return (lookout->has_uring ? take_uring : take_epoll)(lookout, ret_news, count, timeout_ns);
}
