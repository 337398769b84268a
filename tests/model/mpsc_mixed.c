/* SPDX-License-Identifier: MIT */
/* The client mpsc.c, one producer with single items and one with bursts. */
#define MODEL_BURSTS 1
#include "mpsc.c"
