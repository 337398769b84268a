/* SPDX-License-Identifier: MIT */
/*
 * The lock that costs its owner next to nothing: an owner counts twice in sections, a visitor once
 * between claim and release. The count is plain, so two inside at a time are a race.
 */
#include "model.h"

#include "reclaim/asym.h"
#include "reclaim/bias.h"

enum { OWNERS_TURNS = 2 };

static struct nwi_bias bias;
static int count;

static void *own(void *arg)
{
	for (int i = 0; i < OWNERS_TURNS; i++) {
		nwi_bias_enter(&bias, true);
		count++;
		nwi_bias_leave(&bias);
	}
	return arg;
}

static void *visit(void *arg)
{
	nwi_bias_claim(&bias);
	(void)nwi_asym_heavy(-ENOSYS);
	nwi_bias_await(&bias);
	count++;
	nwi_bias_release(&bias);
	return arg;
}

int main(void)
{
	pthread_t owner, visitor;

	model_start(&owner, own);
	model_start(&visitor, visit);
	pthread_join(owner, NULL);
	pthread_join(visitor, NULL);
	assert(count == OWNERS_TURNS + 1);
	return 0;
}
