/* SPDX-License-Identifier: MIT */
/* The window of questions under random loss, by its promises: asked often enough, never too often,
 * never too soon, and not once more after the answer. */
#include "nw_test.h"

#include "base/prng.h"
#include "probe/window.h"

enum { QUESTIONS = 5000, DELAY_NS = 1000, ROUND_TRIP_NS = 300 };

struct question {
	uint32_t asked_count;
	uint64_t asked_ns, answer_ns; /* 0: none is on its way */
	bool is_answered;
};

static struct nwi_window make(uint64_t capacity, uint32_t tries, uint64_t end)
{
	struct nwi_window window;

	nwi_window_init(&window, calloc(1, nwi_window_bytes(capacity, tries)), capacity, tries, end,
			DELAY_NS);
	return window;
}

static void deliver(struct nwi_window *window, struct question *all, uint64_t now)
{
	enum nwi_window_news news;

	for (uint64_t i = 0; i < QUESTIONS; i++) {
		if (all[i].answer_ns == 0 || all[i].answer_ns > now)
			continue;
		all[i].answer_ns = 0;
		news = nwi_window_answer(window, i);
		if (news == NWI_WINDOW_LATE)
			CHECK(window->cursors[0] - i > window->capacity);
		else
			CHECK(news ==
			      (all[i].is_answered ? NWI_WINDOW_DUPLICATE : NWI_WINDOW_FIRST));
		CHECK(nwi_window_answer(window, i) != NWI_WINDOW_FIRST);
		all[i].is_answered = true;
	}
}

static void ask(struct question *question, uint64_t now, bool is_again, struct nwi_prng *prng,
		uint32_t loss_percent)
{
	CHECK(is_again == (question->asked_count > 0));
	CHECK(!question->is_answered);
	if (is_again)
		CHECK(now >= question->asked_ns + DELAY_NS);
	question->asked_count++;
	question->asked_ns = now;
	if (nwi_prng_below(prng, 100) >= loss_percent)
		question->answer_ns = now + ROUND_TRIP_NS;
}

static void play(uint64_t capacity, uint32_t tries, uint32_t loss_percent, uint64_t seed)
{
	struct nwi_window window = make(capacity, tries, QUESTIONS);
	struct question *all = calloc(QUESTIONS, sizeof(*all));
	struct nwi_prng prng;
	uint64_t now = 1, number;
	bool is_again;

	nwi_prng_init(&prng, seed);
	while (!nwi_window_is_done(&window)) {
		for (uint32_t n = nwi_prng_below(&prng, 20); n > 0; n--)
			if (nwi_window_next(&window, now, &number, &is_again))
				ask(&all[number], now, is_again, &prng, loss_percent);
		now += 1 + nwi_prng_below(&prng, 60);
		deliver(&window, all, now);
	}
	for (uint64_t i = 0; i < QUESTIONS; i++) {
		CHECK(all[i].asked_count >= 1 && all[i].asked_count <= tries);
		CHECK(all[i].is_answered || all[i].answer_ns || all[i].asked_count == tries);
	}
	free(window.answered);
	free(all);
}

TEST(what_is_not_answered_is_asked_again_and_nothing_else)
{
	for (uint32_t tries = 1; tries <= 4; tries++)
		for (uint32_t loss = 0; loss <= 100; loss += 25) {
			play(64, tries, loss, nw_test_seed() + tries);
			play(1024, tries, loss, nw_test_seed() + loss);
		}
}

TEST(waiting_is_told_to_the_nanosecond)
{
	struct nwi_window window = make(64, 2, 2);
	uint64_t number;
	bool is_again;

	CHECK(nwi_window_wait_ns(&window, 5) == UINT64_MAX);
	CHECK(nwi_window_next(&window, 5, &number, &is_again) && number == 0 && !is_again);
	CHECK_INT(nwi_window_wait_ns(&window, 105), ==, 900);
	CHECK(nwi_window_next(&window, 6, &number, &is_again) && number == 1);
	CHECK(!nwi_window_next(&window, 1005, &number, &is_again)); /* they share a stamp: 6 */
	CHECK(nwi_window_next(&window, 1006, &number, &is_again) && number == 0 && is_again);
	CHECK_INT(nwi_window_answer(&window, 1), ==, NWI_WINDOW_FIRST);
	CHECK(!nwi_window_next(&window, 1006, &number, &is_again));
	CHECK(nwi_window_is_done(&window));
	free(window.answered);
}

TEST(numbers_that_are_not_held_are_no_answers)
{
	struct nwi_window window = make(64, 1, 1000);
	uint64_t number;
	bool is_again;

	CHECK_INT(nwi_window_answer(&window, 0), ==, NWI_WINDOW_UNASKED);
	for (int i = 0; i < 200; i++)
		CHECK(nwi_window_next(&window, 1, &number, &is_again));
	CHECK_INT(nwi_window_answer(&window, 200), ==, NWI_WINDOW_UNASKED);
	CHECK_INT(nwi_window_answer(&window, 135), ==, NWI_WINDOW_LATE);
	CHECK_INT(nwi_window_answer(&window, 136), ==, NWI_WINDOW_FIRST);
	CHECK_INT(nwi_window_answer(&window, 136), ==, NWI_WINDOW_DUPLICATE);
	CHECK_INT(nwi_window_answer(&window, 199), ==, NWI_WINDOW_FIRST);
	free(window.answered);
}
