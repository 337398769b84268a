/* SPDX-License-Identifier: MIT */
/* What may still be allocated: a figure of the moment, for choosing a limit of one's own. */
#include <nw/mem.h>

#include "os/meminfo.h"

uint64_t nw_mem_available_bytes(void)
{
	return nwi_meminfo_available_bytes();
}
