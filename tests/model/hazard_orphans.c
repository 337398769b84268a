/* SPDX-License-Identifier: MIT */
/*
 * Hazard pointers: two threads hand lists on while a third takes what is there, and one that finds
 * nothing waits for the hand of who took it, as a barrier does. No fence is made: what is handed on
 * has to be ordered by the list itself.
 */
#define MODEL_UNFENCED
#include "hazard_domain.h"

enum { HANDED_ON = 2 };

static struct object own[HANDED_ON];
static int taken_count;

static void hand_on_own(int i)
{
	own[i].a = 8;
	own[i].b = 80;
	own[i].retired.next = NULL;
	own[i].retired.ptr = &own[i];
	hand_on(domain, &own[i].retired);
}

static void *hand_on_another(void *arg)
{
	hand_on_own(1);
	return arg;
}

static void *take(void *arg)
{
	nwi_hand_fill(&record_at(0)->hand);
	for (struct nw_retired *r = take_orphans(domain); r; r = r->next) {
		model_look(r->ptr);
		taken_count++;
	}
	nwi_hand_empty(&record_at(0)->hand);
	return arg;
}

/* Nothing is there only if the other has taken it: the first was there from the beginning. */
static void *wait_for_hand(void *arg)
{
	struct nw_retired *list = take_orphans(domain);

	nwi_hand_await(&record_at(0)->hand);
	if (!list)
		assert(taken_count > 0);
	for (; list; list = list->next)
		model_look(list->ptr);
	return arg;
}

int main(void)
{
	pthread_t handing, taking, waiting;

	model_hazard_start(false);
	hand_on_own(0);
	model_start(&handing, hand_on_another);
	model_start(&taking, take);
	model_start(&waiting, wait_for_hand);
	pthread_join(handing, NULL);
	pthread_join(taking, NULL);
	pthread_join(waiting, NULL);
	return 0;
}
