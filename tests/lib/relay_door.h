/* SPDX-License-Identifier: MIT */
/* The door of a relay in a test: a stream is read for its hello and the client behind it admitted,
 * as a program with a Unix socket does. */
#ifndef TESTS_LIB_RELAY_DOOR_H
#define TESTS_LIB_RELAY_DOOR_H

#include "nw_test.h"

#include <nw/local.h>
#include <nw/relay_client.h>
#include <nw/relay_guest.h>
#include <pthread.h>
#include <sys/socket.h>

struct relay_door {
	struct nw_relay *relay;
	struct nw_relay_guest_options options;
	struct nw_relay_client_options client_options;
	int fds[2]; /* the relay's end, the client's */
	int refuse_rc;
	struct nw_relay_guest *guest;
	struct nw_relay_hello hello;
};

static inline void *relay_door_keep(void *arg)
{
	struct relay_door *door = arg;
	unsigned char bytes[NW_RELAY_HELLO_BYTES];
	struct nw_diag diag = { "" };

	CHECK_INT(recv(door->fds[0], bytes, sizeof(bytes), MSG_WAITALL), ==, sizeof(bytes));
	CHECK(memcmp(bytes, NW_RELAY_HELLO_MAGIC, 4) == 0);
	CHECK(nw_relay_hello_read(bytes, &door->hello));
	if (door->refuse_rc < 0) {
		CHECK_INT(nw_relay_guest_refuse(door->fds[0], door->refuse_rc, "not you"), ==, 0);
		close(door->fds[0]);
	} else if (nw_relay_guest_admit(&door->guest, door->relay, door->fds[0], &door->hello,
					&door->options, &diag) < 0) {
		FAIL("%s", diag.text);
	}
	return NULL;
}

/* Both sides of a connection in this process; what nw_relay_client_open() returned. */
static inline int relay_door_open(struct relay_door *door, struct nw_relay_client **ret_client,
				  struct nw_diag *diag)
{
	pthread_t thread;
	int rc;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, door->fds), ==, 0);
	CHECK_INT(pthread_create(&thread, NULL, relay_door_keep, door), ==, 0);
	rc = nw_relay_client_open(ret_client, door->fds[1], &door->client_options, diag);
	CHECK_INT(pthread_join(thread, NULL), ==, 0);
	if (rc < 0)
		close(door->fds[1]);
	return rc;
}

#endif /* TESTS_LIB_RELAY_DOOR_H */
