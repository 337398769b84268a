/* SPDX-License-Identifier: MIT */
/* A shared object that is no plug-in: it exports something else. */
#include <nw/base.h>

NW_API int plugin_no_symbol(void);
NW_API int plugin_no_symbol(void)
{
	return 0;
}
