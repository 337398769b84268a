/* SPDX-License-Identifier: MIT */
/* The client mpsc.c with bursts alone. */
#define MODEL_BURSTS 2
#include "mpsc.c"
