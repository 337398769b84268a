/* SPDX-License-Identifier: MIT */
/*
 * A relay for the tests of the Python package: two shards, one Unix socket, everything allowed.
 *
 *     relay_host PATH     until SIGTERM
 *
 * Invariant: one thread does all that is not the shards'.
 */
#include <nw/relay.h>
#include <nw/relay_guest.h>
#include <nw/rules.h>
#include <nw/topo.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { GUESTS_MAX = 64, SHARDS = 2, POLL_MS = 20 };

static struct nw_relay *relay;
static struct nw_relay_guest *guests[GUESTS_MAX];
static sig_atomic_t volatile is_over;

static void stop(int number)
{
	(void)number;
	is_over = 1;
}

static int fail(const char *what)
{
	fprintf(stderr, "relay_host: %s\n", what);
	return 1;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
		return -1;
	return fd;
}

static int allow_all(void)
{
	struct nw_rules_builder *builder;
	struct nw_diag diag = { "" };
	struct nw_rules *rules;

	if (nw_rules_builder_create(&builder) < 0)
		return fail("no memory for rules");
	nw_rules_builder_allow_all(builder);
	if (nw_rules_builder_finish(builder, 1, NW_NODE_ANY, &rules, &diag) < 0)
		return fail(diag.text);
	nw_rules_builder_destroy(builder);
	nw_relay_rules_set(relay, rules);
	return 0;
}

static int start(void)
{
	struct nw_relay_options options = { .shard_count = SHARDS,
					    .oversubscribe = true,
					    .no_pin = true };
	struct nw_diag diag = { "" };
	struct nw_topo *topo;

	if (nw_topo_open(&topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		return fail(diag.text);
	options.topo = topo;
	if (nw_relay_create(&relay, &options, &diag) < 0)
		return fail(diag.text);
	return allow_all();
}

static struct nw_relay_guest *admit(int fd, uint32_t sender)
{
	struct nw_relay_guest_options options = { .sender = sender };
	unsigned char bytes[NW_RELAY_HELLO_BYTES];
	struct nw_relay_guest *guest = NULL;
	struct nw_relay_hello hello;
	struct nw_diag diag;

	if (recv(fd, bytes, sizeof(bytes), MSG_WAITALL) != sizeof(bytes) ||
	    !nw_relay_hello_read(bytes, &hello) ||
	    nw_relay_guest_admit(&guest, relay, fd, &hello, &options, &diag) < 0) {
		(void)close(fd); /* a test sees that it is gone */
		return NULL;
	}
	return guest;
}

static void look_after(struct nw_relay_guest **guest)
{
	struct pollfd poller = { .fd = nw_relay_guest_fd(*guest), .events = POLLIN };

	if (poll(&poller, 1, 0) != 1 || nw_relay_guest_serve(*guest) == 0)
		return;
	nw_relay_guest_close(*guest);
	*guest = NULL;
}

static void serve(int listener)
{
	struct pollfd poller = { .fd = listener, .events = POLLIN };
	uint32_t sender = 0;

	while (!is_over) {
		struct nw_relay_guest **free_seat = NULL;

		for (int i = 0; i < GUESTS_MAX; i++) {
			if (guests[i])
				look_after(&guests[i]);
			if (!guests[i])
				free_seat = &guests[i];
		}
		nw_relay_tend(relay);
		if (free_seat && poll(&poller, 1, POLL_MS / 10) == 1)
			*free_seat = admit(accept(listener, NULL, NULL), ++sender);
	}
}

int main(int argc, char **argv)
{
	int listener;

	if (argc != 2)
		return fail("usage: relay_host PATH");
	(void)signal(SIGTERM, stop);
	(void)signal(SIGPIPE, SIG_IGN);
	if (start() != 0)
		return 1;
	listener = listen_at(argv[1]);
	if (listener < 0)
		return fail("cannot listen");
	serve(listener);
	nw_relay_close(relay);
	if (!nw_relay_drain(relay, UINT64_C(1000000000)))
		return fail("something accepted is still queued");
	for (int i = 0; i < GUESTS_MAX; i++)
		nw_relay_guest_close(guests[i]);
	nw_relay_destroy(relay);
	return 0;
}
