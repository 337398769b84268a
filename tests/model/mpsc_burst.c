/* SPDX-License-Identifier: MIT */
/* The client mpsc.c, with bursts. */
#define MODEL_BURSTS
#include "mpsc.c"
