/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Bell: how one thread, or one process, wakes another that sleeps on a file descriptor.
 *
 * A bell is an eventfd(2). It can be passed to another process, and waited for beside sockets, with
 * poll(2), epoll(7) or io_uring(7): it is readable while it has been rung and nobody has heard it.
 * Many rings before one hearing count as one.
 *
 *               ring   wait, hear   close
 *     ring       -         -          X
 *     wait       -         -          X
 *     close      X         X          X
 *
 * X: the caller must keep the two calls from overlapping. -: any overlap is fine.
 *
 * A ring is a system call, so ring only for somebody who said that it sleeps: in a word that it
 * sets before it looks a last time, with nw_bell_fence() between, and that is asked after something
 * was shown, with nw_bell_fence() between (nw_lane_reader_rest() and nw_lane_reader_sleeps() do
 * so).
 */
#ifndef NW_BELL_H
#define NW_BELL_H

#include <nw/base.h>

#include <stdbool.h>
#include <stdint.h>

NW_BEGIN_DECLS

/**
 * Make a bell that has not been rung.
 *
 * @return its file descriptor, closed on exec
 * @return -EMFILE  -ENFILE, -ENOMEM: as eventfd(2) says
 *
 * Threads: any.
 * Owner:   the caller; release with nw_bell_close().
 */
NW_API int nw_bell_open(void) NW_MUST_USE;

/** A bell that other processes may ring, which need not be trusted. */
struct nw_bell_gate {
	int hear_fd; /* to wait for and to hear */
	int ring_fd; /* for this process to ring */
	int away_fd; /* to be given to others: they can ring, and nothing else */
};

/**
 * Make a bell that has not been rung, for ringers that need not be trusted: whatever they do with
 * their descriptor, they can neither take a ring away nor make a call of this process wait.
 *
 * @param ret_gate  set on success, untouched on failure
 * @return 0
 * @return -EMFILE  -ENFILE, -ENOMEM: as pipe(2) says
 * @return -ENOENT  another: there is no /proc here
 *
 * Threads: any.
 * Owner:   the caller; release with nw_bell_gate_close().
 */
NW_API int nw_bell_gate_open(struct nw_bell_gate *ret_gate) NW_MUST_USE;

/**
 * Close all of a gate. Descriptors below 0 are no-ops.
 *
 * Threads: when no other call on its descriptors is running or will follow.
 */
NW_API void nw_bell_gate_close(struct nw_bell_gate *gate);

/**
 * Make a bell for a hearer that need not be trusted, in another process: whatever that does with
 * its descriptor, a ring neither waits nor fails. When the ringer has closed its end, the hearer's
 * is readable, and nw_bell_hear() says false.
 *
 * @param ret_ring_fd  for nw_bell_ring_away()
 * @param ret_hear_fd  to be given to the other, for nw_bell_hear() and nw_bell_wait()
 * @return 0
 * @return -EMFILE  -ENFILE, -ENOMEM: as socketpair(2) says; nothing is set
 *
 * Threads: any.
 * Owner:   the caller; release both with nw_bell_close().
 */
NW_API int nw_bell_open_away(int *ret_ring_fd, int *ret_hear_fd) NW_MUST_USE;

/**
 * Ring a bell made by nw_bell_open_away().
 *
 * Threads: any; async-signal-safe.
 * Cost:    a system call.
 */
NW_API void nw_bell_ring_away(int fd);

/**
 * Close a bell. A negative number is a no-op.
 *
 * Threads: when no other call on this descriptor is running or will follow.
 */
NW_API void nw_bell_close(int fd);

/**
 * Ring. It cannot fail: a bell that was rung very often is still rung.
 *
 * Threads: any; async-signal-safe.
 * Order:   what the caller did before happens before the return of the wait or hear it ends, in the
 *          kernel; ThreadSanitizer does not know, so data needs its own acquire and release.
 * Cost:    a system call.
 */
NW_API void nw_bell_ring(int fd);

/**
 * Take what was rung so far.
 *
 * @return whether it was rung
 *
 * Threads: any.
 * Cost:    a system call; never waits.
 */
NW_API bool nw_bell_hear(int fd);

/**
 * Wait until the bell was rung, and take it.
 *
 * @param timeout_ns  at most so long; UINT64_MAX: no limit; 0: as nw_bell_hear()
 * @return true if it was rung; false: the time has passed, or a signal came
 *
 * Threads: any.
 * Progress: blocks on a ring, at most timeout_ns.
 * Cost:    two system calls.
 */
NW_API bool nw_bell_wait(int fd, uint64_t timeout_ns);

/**
 * A full fence: of two threads that each write a word, call this, and then read the other's word,
 * one sees what the other wrote.
 *
 * Threads: any.
 * Progress: wait-free.
 */
NW_API void nw_bell_fence(void);

NW_END_DECLS

#endif /* NW_BELL_H */
