/* SPDX-License-Identifier: MIT */
/* The model `flurm` of nodewise with its defaults: 3 jobs, time limit 3, 2 slots. */
#define NONE 0
#define PENDING 1
#define RUNNING 2
#define COMPLETING 3
#define COMPLETED 4
#define FAILED 5
#define TIMEOUT 6
#define CANCELLED 7
#define SUSPENDED 8

byte state[3], limit[3], ran[3];
byte used; /* slots: follows from the rest, so it adds no state */

#define STUCK(j) (state[j] == RUNNING && ran[j] == limit[j])
#define JOB(j) \
	:: d_step { state[j] == NONE -> state[j] = PENDING; limit[j] = 1 } \
	:: d_step { state[j] == NONE -> state[j] = PENDING; limit[j] = 2 } \
	:: d_step { state[j] == NONE -> state[j] = PENDING; limit[j] = 3 } \
	:: d_step { state[j] == PENDING && used < 2 -> state[j] = RUNNING; used++ } \
	:: d_step { state[j] == RUNNING -> state[j] = COMPLETING } \
	:: d_step { state[j] == COMPLETING -> state[j] = COMPLETED; used-- } \
	:: d_step { state[j] == RUNNING -> state[j] = FAILED; used-- } \
	:: d_step { STUCK(j) -> state[j] = TIMEOUT; used-- } \
	:: d_step { state[j] == RUNNING -> state[j] = SUSPENDED; used-- } \
	:: d_step { state[j] == SUSPENDED && used < 2 -> state[j] = RUNNING; used++ } \
	:: d_step { state[j] == RUNNING -> state[j] = CANCELLED; used-- } \
	:: d_step { state[j] == PENDING || state[j] == SUSPENDED -> state[j] = CANCELLED } \
	:: d_step { state[j] == FAILED || state[j] == TIMEOUT -> state[j] = PENDING; ran[j] = 0 }

active proctype cluster()
{
end:	do
	JOB(0)
	JOB(1)
	JOB(2)
	:: d_step {
		(state[0] == RUNNING || state[1] == RUNNING || state[2] == RUNNING) &&
		!STUCK(0) && !STUCK(1) && !STUCK(2) ->
		ran[0] = ran[0] + (state[0] == RUNNING);
		ran[1] = ran[1] + (state[1] == RUNNING);
		ran[2] = ran[2] + (state[2] == RUNNING)
	}
	od
}
