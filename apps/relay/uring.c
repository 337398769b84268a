/* SPDX-License-Identifier: MIT */
/*
 * io_uring for datagrams. One recvmsg request stays with the kernel and answers once a datagram, in
 * buffers that it takes from a ring of them; a round takes what is there, and gives the buffers
 * back together. The kernel puts nothing into the queue of answers but when this thread asks
 * (DEFER_TASKRUN), so nobody is interrupted, and a flag tells without a system call that asking is
 * worth it. Who sleeps is woken through an eventfd: epoll on the ring itself is not told of work
 * that waits for its owner to ask.
 *
 * The buffers, and the ring of them, are memory of the worker's node; the kernel's own queues are
 * from the node of the thread that makes them, which is pinned.
 *
 * Invariant: every buffer is the kernel's, or lent to the round that goes on; the request stays
 * unless it ran out of buffers, and is made again then, behind the round that gave them back.
 */
#include "relay/uring.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <nw/mem.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	QUEUE = 8,                         /* requests */
	ANSWERS = 4 * RELAY_URING_BUFFERS, /* so that an answer always has room */
	GROUP = 0,                         /* of buffers */
	/* A datagram, behind what the kernel says of it. */
	BUFFER_BYTES = 65536 + 64,
	PAGE = 4096,
	STAYS = 1, /* user data of the request */
	PROOF_MS = 1000,
	LEAVE_TRIES = 1000,
};

static_assert(sizeof(struct io_uring_recvmsg_out) <= 64, "there is room before the datagram");
static_assert((RELAY_URING_BUFFERS & (RELAY_URING_BUFFERS - 1)) == 0, "as the kernel wants it");

struct relay_uring {
	struct io_uring ring;
	struct nw_mem mem;                 /* the ring of buffers, this, the buffers */
	struct io_uring_buf_ring *buffers; /* at the start of a page */
	unsigned char *bytes;              /* [RELAY_URING_BUFFERS] of BUFFER_BYTES */
	struct msghdr shape;               /* no address, no control data */
	bool is_armed;
	int event_fd;

	/* Of the round. */
	struct io_uring_cqe *answers[RELAY_URING_BUFFERS];
	unsigned count, at, lent;
};

/* ---- buffers ---- */

static void give(struct relay_uring *uring, unsigned buffer)
{
	io_uring_buf_ring_add(uring->buffers, uring->bytes + (size_t)buffer * BUFFER_BYTES,
			      BUFFER_BYTES, (unsigned short)buffer,
			      io_uring_buf_ring_mask(RELAY_URING_BUFFERS), (int)uring->lent++);
}

static void give_all(struct relay_uring *uring)
{
	io_uring_buf_ring_advance(uring->buffers, (int)uring->lent);
	uring->lent = 0;
}

static int register_buffers(struct relay_uring *uring)
{
	struct io_uring_buf_reg about = { .ring_addr = (uintptr_t)uring->buffers,
					  .ring_entries = RELAY_URING_BUFFERS,
					  .bgid = GROUP };
	int rc = io_uring_register_buf_ring(&uring->ring, &about, 0);

	if (rc < 0)
		return rc;
	io_uring_buf_ring_init(uring->buffers);
	for (unsigned i = 0; i < RELAY_URING_BUFFERS; i++)
		give(uring, i);
	give_all(uring);
	return 0;
}

/* ---- the request ---- */

static int arm(struct relay_uring *uring, int fd)
{
	/* Refused before, it is still in the queue, and goes now. */
	bool is_there = io_uring_sq_ready(&uring->ring) > 0;
	struct io_uring_sqe *sqe = is_there ? NULL : io_uring_get_sqe(&uring->ring);
	int rc;

	if (sqe) {
		io_uring_prep_recvmsg_multishot(sqe, fd, &uring->shape, 0);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = GROUP;
		io_uring_sqe_set_data64(sqe, STAYS);
	}
	rc = io_uring_submit(&uring->ring);
	if (rc < 0)
		return rc;
	uring->is_armed = true;
	return 0;
}

bool relay_uring_has(const struct relay_uring *uring)
{
	return !uring->is_armed || io_uring_cq_ready(&uring->ring) > 0 ||
	       (IO_URING_READ_ONCE(*uring->ring.sq.kflags) &
		(IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

int relay_uring_fd(const struct relay_uring *uring)
{
	return uring->event_fd;
}

void relay_uring_begin(struct relay_uring *uring, int fd)
{
	/* Refused for want of memory: the next round tries again. */
	if (!uring->is_armed && arm(uring, fd) < 0)
		return;
	uring->count = io_uring_peek_batch_cqe(&uring->ring, uring->answers, RELAY_URING_BUFFERS);
	uring->at = 0;
}

/* Whether an answer is a datagram. */
static bool read_answer(struct relay_uring *uring, const struct io_uring_cqe *answer,
			struct relay_datagram *ret_datagram)
{
	unsigned buffer = answer->flags >> IORING_CQE_BUFFER_SHIFT;
	struct io_uring_recvmsg_out *out;

	if ((answer->flags & IORING_CQE_F_MORE) == 0)
		uring->is_armed = false;
	if ((answer->flags & IORING_CQE_F_BUFFER) == 0)
		return false;
	give(uring, buffer); /* shown to the kernel behind the round */
	if (answer->res < 0)
		return false;
	out = io_uring_recvmsg_validate(uring->bytes + (size_t)buffer * BUFFER_BYTES, answer->res,
					&uring->shape);
	if (!out)
		return false;
	ret_datagram->bytes = io_uring_recvmsg_payload(out, &uring->shape);
	ret_datagram->n_bytes = io_uring_recvmsg_payload_length(out, answer->res, &uring->shape);
	ret_datagram->is_cut = (out->flags & MSG_TRUNC) != 0;
	return true;
}

bool relay_uring_next(struct relay_uring *uring, struct relay_datagram *ret_datagram)
{
	while (uring->at < uring->count)
		if (read_answer(uring, uring->answers[uring->at++], ret_datagram))
			return true;
	return false;
}

void relay_uring_end(struct relay_uring *uring)
{
	struct relay_datagram rest;

	while (relay_uring_next(uring, &rest))
		;
	io_uring_cq_advance(&uring->ring, uring->count);
	uring->count = uring->at = 0;
	give_all(uring);
}

void relay_uring_leave(struct relay_uring *uring)
{
	struct io_uring_sync_cancel_reg about = { .addr = STAYS,
						  .fd = -1,
						  .timeout = { .tv_sec = -1, .tv_nsec = -1 } };

	if (!uring->is_armed)
		return;
	/* It has ended already: then its last answer is there. */
	(void)io_uring_register_sync_cancel(&uring->ring, &about);
	for (int i = 0; uring->is_armed && i < LEAVE_TRIES; i++) {
		(void)io_uring_get_events(&uring->ring); /* what it says is looked at below */
		uring->count = io_uring_peek_batch_cqe(&uring->ring, uring->answers,
						       RELAY_URING_BUFFERS);
		relay_uring_end(uring);
	}
}

/* ---- one that works ---- */

/* What poll() wakes for comes, once, as it was sent. */
static int receive_one(struct relay_uring *uring, int to, int from)
{
	struct pollfd wait = { .fd = uring->event_fd, .events = POLLIN };
	static const unsigned char word[] = "here";
	struct relay_datagram datagram;
	int rc = arm(uring, to);
	bool is_so = false;

	if (rc < 0)
		return rc;
	if (send(from, word, sizeof(word), 0) < 0)
		return -errno;
	if (poll(&wait, 1, PROOF_MS) <= 0)
		return -ETIME;
	relay_uring_begin(uring, to);
	if (uring->count > 0 && uring->answers[0]->res < 0)
		rc = uring->answers[0]->res;
	while (relay_uring_next(uring, &datagram))
		is_so = datagram.n_bytes == sizeof(word) && !datagram.is_cut &&
			memcmp(datagram.bytes, word, sizeof(word)) == 0;
	relay_uring_end(uring);
	if (rc == 0 && (!is_so || !uring->is_armed))
		rc = -EOPNOTSUPP;
	return rc;
}

static int prove(struct relay_uring *uring)
{
	int fds[2], rc;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	rc = receive_one(uring, fds[0], fds[1]);
	relay_uring_leave(uring);
	(void)close(fds[0]); /* nothing is to be learnt from them any more */
	(void)close(fds[1]);
	return rc < 0 ? rc : uring->is_armed ? -ETIME : 0;
}

static int set_up(struct relay_uring *uring, const char **ret_what)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE |
			 IORING_SETUP_CLAMP,
		.cq_entries = ANSWERS,
	};
	int rc = io_uring_queue_init_params(QUEUE, &uring->ring, &params);

	*ret_what = "io_uring_setup";
	if (rc < 0)
		return rc;
	*ret_what = "a ring of buffers";
	rc = register_buffers(uring);
	if (rc == 0) {
		*ret_what = "an eventfd";
		rc = io_uring_register_eventfd(&uring->ring, uring->event_fd);
	}
	if (rc == 0) {
		*ret_what = "receiving with a request that stays";
		rc = prove(uring);
	}
	if (rc < 0)
		io_uring_queue_exit(&uring->ring);
	return rc;
}

int relay_uring_open(struct relay_uring **ret_uring, nw_node node, const char **ret_what)
{
	size_t n_bytes = PAGE + sizeof(struct relay_uring) +
			 (size_t)RELAY_URING_BUFFERS * BUFFER_BYTES;
	struct relay_uring *uring;
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, node, n_bytes, 0);

	*ret_what = "memory for datagrams";
	if (rc < 0)
		return rc;
	static_assert(RELAY_URING_BUFFERS * sizeof(struct io_uring_buf) <= PAGE, "in front");
	uring = (struct relay_uring *)(void *)((char *)mem.base + PAGE);
	*uring = (struct relay_uring){ .mem = mem, .buffers = mem.base };
	uring->bytes = (unsigned char *)(uring + 1);
	uring->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = uring->event_fd < 0 ? -errno : set_up(uring, ret_what);
	if (rc == 0) {
		*ret_uring = uring;
		return 0;
	}
	if (uring->event_fd >= 0)
		(void)close(uring->event_fd); /* nothing is to be learnt from it */
	nw_mem_free(&mem);
	return rc;
}

void relay_uring_close(struct relay_uring *uring)
{
	struct nw_mem mem;

	if (!uring)
		return;
	io_uring_queue_exit(&uring->ring);
	(void)close(uring->event_fd); /* nothing is to be learnt from it */
	mem = uring->mem;             /* the block holds its description */
	nw_mem_free(&mem);
}

/* ---- words ---- */

static bool is_switched_off(void)
{
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int value = 0;

	if (!file)
		return false;
	if (fscanf(file, "%d", &value) != 1)
		value = 0;
	(void)fclose(file); /* was only read */
	return value != 0;
}

const char *relay_uring_text(int error)
{
	switch (error) {
	case EPERM:
		return is_switched_off() ? "kernel.io_uring_disabled forbids it"
					 : "a seccomp filter or a container forbids it";
	case ENOSYS:
		return "this kernel has none, or a seccomp filter hides it";
	case EINVAL:
	case EOPNOTSUPP:
		return "this kernel's is too old; 6.1 has what is needed";
	default:
		return strerror(error);
	}
}
