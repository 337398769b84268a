/* SPDX-License-Identifier: MIT */
/*
 * `nodewise relay move`: has a slot, or the slot of a topic, moved to another shard.
 * Invariant: exit 0 only when the relay has said that it is there.
 */
#include "relay/client.h"
#include "relay/config.h"

#include "common/app.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TRIES = 10000, TRY_EVERY_NS = 1000000 };

static const struct option words[] = {
	{ "unix", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int help(void)
{
	printf("usage: nodewise relay move [OPTION]... SLOT|TOPIC SHARD\n"
	       "\n"
	       "Has a relay of this user move a slot to another shard while packets come: SLOT\n"
	       "is a number, 0 to 4095; anything else is the name of a topic, whose slot moves\n"
	       "with all topics in it. Nothing is lost, the order of each topic and what is left\n"
	       "of its limits are kept. Waits until it is there.\n"
	       "\n"
	       "      --unix PATH   the socket of the relay; without: that of this user\n"
	       "  -h, --help        show this help\n"
	       "\n"
	       "Exit code: 0, 1 it was refused or did not happen in 10 s, 2 usage.\n");
	return app_finish_output(RELAY_NAME);
}

/* A number is a slot, all else a name. */
static int parse_slot(const char *text, uint16_t *ret_slot)
{
	size_t n = strlen(text);
	uint64_t slot;

	if (n > 0 && strspn(text, "0123456789") == n) {
		if (!app_parse_u64(text, 0, NW_TOPIC_SLOT_COUNT - 1, &slot))
			return app_bad(RELAY_NAME, "a slot is 0 to %u, not %s",
				       NW_TOPIC_SLOT_COUNT - 1u, text);
		*ret_slot = (uint16_t)slot;
		return APP_OK;
	}
	if (n == 0 || n > RELAY_TOPIC_NAME_MAX)
		return app_bad(RELAY_NAME, "a name of a topic has 1 to 255 bytes");
	*ret_slot = (uint16_t)nw_topic_slot(nw_topic_id(text, n));
	return APP_OK;
}

static int parse(int argc, char **argv, struct relay_target *target, struct relay_move *ret_move,
		 bool *ret_is_help)
{
	uint64_t shard;
	int got, code;

	opterr = 0;
	optind = 1;
	while ((got = getopt_long(argc, argv, ":h", words, NULL)) != -1) {
		if (got == 'h')
			*ret_is_help = true;
		else if (got == 'u')
			target->unix_path = optarg;
		else
			return app_bad_option(RELAY_NAME, got, argv);
	}
	if (*ret_is_help)
		return APP_OK;
	if (argc - optind != 2)
		return app_bad(RELAY_NAME, "say what goes where: nodewise relay move SLOT|TOPIC "
					   "SHARD");
	code = parse_slot(argv[optind], &ret_move->slot);
	if (code != APP_OK)
		return code;
	if (!app_parse_u64(argv[optind + 1], 0, UINT16_MAX, &shard))
		return app_bad(RELAY_NAME, "a shard is a number, not '%s'", argv[optind + 1]);
	ret_move->shard = (uint16_t)shard;
	return APP_OK;
}

/* Asks until it is there. */
static int ask(struct relay_client *client, const struct relay_move *move)
{
	static const struct timespec while_it_moves = { .tv_nsec = TRY_EVERY_NS };
	unsigned char body[RELAY_MOVE_BYTES];
	uint32_t is_there = 0;

	for (int i = 0; i < TRIES && !app_was_interrupted(); i++) {
		int code = relay_client_ask(client, RELAY_MOVE, body, relay_put_move(body, move),
					    &is_there);

		if (code != APP_OK)
			return code;
		if (is_there) {
			printf("slot %u: shard %u\n", move->slot, move->shard);
			return app_finish_output(RELAY_NAME);
		}
		(void)nanosleep(&while_it_moves, NULL); /* shorter is as good */
	}
	return app_failed(RELAY_NAME, "slot %u is not at shard %u yet; ask again", move->slot,
			  move->shard);
}

int relay_move(int argc, char **argv)
{
	struct relay_target target = { .tcp = NULL };
	struct relay_client client = { .fd = -1 };
	struct relay_move move = { .slot = 0 };
	bool is_help = false;
	int code = parse(argc, argv, &target, &move, &is_help);

	if (code != APP_OK)
		return code;
	if (is_help)
		return help();
	app_on_interrupt(NULL, NULL);
	code = relay_client_open(&client, &target);
	if (code == APP_OK)
		code = ask(&client, &move);
	relay_client_close(&client);
	return code;
}
