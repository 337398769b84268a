/* SPDX-License-Identifier: MIT */
/* The model `slide` of nodewise: -DW=.. -DH=.. Filling the board takes one state more. */
#ifndef W
#define W 3
#endif
#ifndef H
#define H 3
#endif
#define CELLS (W * H)

byte tile[CELLS];
byte blank; /* where tile is 0: kept, not searched for; it adds no state */

active proctype board()
{
	byte i;

	d_step {
		do
		:: i < CELLS - 1 -> tile[i] = i + 1; i++
		:: else -> break
		od;
		blank = CELLS - 1;
		i = 0
	};
	do
	:: d_step { blank >= W -> tile[blank] = tile[blank - W]; blank = blank - W; tile[blank] = 0 }
	:: d_step { blank % W > 0 -> tile[blank] = tile[blank - 1]; blank--; tile[blank] = 0 }
	:: d_step { blank % W < W - 1 -> tile[blank] = tile[blank + 1]; blank++; tile[blank] = 0 }
	:: d_step { blank < CELLS - W ->
		tile[blank] = tile[blank + W]; blank = blank + W; tile[blank] = 0 }
	od
}
