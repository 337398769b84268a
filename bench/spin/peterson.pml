/* SPDX-License-Identifier: MIT */
/* The model `peterson` of nodewise. turn == 2 stands for "not chosen yet": one state more. */
byte line[2], flag[2];
byte turn = 2;

#define STEPS(me) \
	:: d_step { turn != 2 && line[me] == 0 -> flag[me] = 1; line[me] = 1 } \
	:: d_step { line[me] == 1 -> turn = 1 - me; line[me] = 2 } \
	:: d_step { line[me] == 2 && (!flag[1 - me] || turn == me) -> line[me] = 3 } \
	:: d_step { line[me] == 3 -> assert(line[1 - me] != 3); flag[me] = 0; line[me] = 0 }

active proctype threads()
{
	do
	:: d_step { turn == 2 -> turn = 0 }
	:: d_step { turn == 2 -> turn = 1 }
	STEPS(0)
	STEPS(1)
	od
}
