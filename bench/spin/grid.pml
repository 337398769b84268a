/* SPDX-License-Identifier: MIT */
/* The model `grid` of nodewise: a point moves by one on either axis. -DX=.. -DY=.. */
#ifndef X
#define X 1000
#endif
#ifndef Y
#define Y 1000
#endif

short x, y;

active proctype point()
{
	do
	:: d_step { x < X -> x++ }
	:: d_step { x > 0 -> x-- }
	:: d_step { y < Y -> y++ }
	:: d_step { y > 0 -> y-- }
	od
}
