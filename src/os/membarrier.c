/* SPDX-License-Identifier: MIT */
/*
 * membarrier(2). Only the private expedited kind: it interrupts the CPUs that run this process, in
 * microseconds; the global kind waits for every CPU of the machine, in milliseconds.
 */
#include "os/membarrier.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

static long membarrier(int command)
{
	long rc = syscall(SYS_membarrier, command, 0, 0);

	return rc < 0 ? -errno : rc;
}

int nwi_membarrier_register(void)
{
	long has = membarrier(MEMBARRIER_CMD_QUERY);

	if (has < 0)
		return (int)has;
	if (!(has & MEMBARRIER_CMD_PRIVATE_EXPEDITED))
		return -ENOSYS;
	return (int)membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

int nwi_membarrier(void)
{
	return (int)membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
