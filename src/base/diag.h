/* SPDX-License-Identifier: MIT */
/* Fill in a diagnosis: always a terminated line, cut to fit; NULL means nobody asks. */
#ifndef NWI_BASE_DIAG_H
#define NWI_BASE_DIAG_H

#include <nw/diag.h>

#include <stdarg.h>
#include <stdio.h>

static inline void nwi_diag_set(struct nw_diag *reterr_diag, const char *format, ...)
{
	va_list args;

	if (!reterr_diag)
		return;
	va_start(args, format);
	(void)vsnprintf(reterr_diag->text, sizeof(reterr_diag->text), format, args);
	va_end(args);
}

#endif /* NWI_BASE_DIAG_H */
