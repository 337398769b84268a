/* SPDX-License-Identifier: MIT */
/* What the screens of single programs share. Invariant: as that of top.h. */
#ifndef APP_TOP_PROGRAMS_H
#define APP_TOP_PROGRAMS_H

#include "top/top.h"

/* What the program says of itself; returns the row to go on at. */
int top_put_texts(const struct top_area *area, const struct top_program *program);
/* A name and what it is. */
void top_put_figure(const struct top_area *area, int row, int column, const char *name,
		    const char *text);
/* dag.c */
void top_draw_dag(const struct top_area *area, const struct top_program *program,
		  struct top_view *view);

#endif /* APP_TOP_PROGRAMS_H */
