/* SPDX-License-Identifier: MIT */
/*
 * RCU, general flavour: a reader reads in two sections, one of them nested, while a writer
 * replaces the object twice and frees what a grace period has passed for.
 */
#include "rcu.h"

int main(void)
{
	pthread_t reader, writer;

	model_rcu_start(NW_RCU_FENCED_BIT, true);
	model_start(&reader, model_read_sections);
	model_start(&writer, model_update);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	return 0;
}
