/* SPDX-License-Identifier: MIT */
/*
 * As rcu.c, on the path of readers that the kernel makes the fence for.
 */
#include "model.h"

#include "light.h"

#include "rcu.h"

int main(void)
{
	pthread_t reader, writer;

	model_rcu_start(0, false);
	model_start(&reader, model_read_sections);
	model_start(&writer, model_update);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	return 0;
}
