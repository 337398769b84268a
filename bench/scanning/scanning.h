/* SPDX-License-Identifier: MIT */
/*
 * bench_scan: what its files share. A network of two namespaces that nothing leaves, scanners that
 * run in the near one, a meter that counts what they put on the wire.
 * Invariant: what was made is gone when the last process of the benchmark is, however that ends;
 * only the backlog's length, which is the machine's, is put back by the process that set it.
 */
#ifndef BENCH_SCANNING_H
#define BENCH_SCANNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCANNING_INTERFACE "va"
#define SCANNING_NEAR      "192.168.98.1"
#define SCANNING_NEAR_MAC  "02:00:00:00:00:0a"
#define SCANNING_FAR_MAC   "02:00:00:00:00:0b"

/* What the far side does with questions to 10.64.0.0/10, port 80. */
enum scanning_sink {
	SCANNING_DROPS = 'd',   /* each frame, before the kernel looks at it */
	SCANNING_ANSWERS = 'a', /* from every address, keeping nothing */
};

/* What a scanner did. */
struct scanning_reading {
	double rate;         /* questions a second, from 1 to 99 of 100 sent frames */
	double cpu_s;        /* user and system time */
	double wall_s;       /* from start to end */
	double rest_s;       /* of it, after the last frame was sent */
	double resident_mib; /* at most */
	uint64_t sent;       /* frames */
	int status;          /* as waitpid() has it */
	bool was_stopped;    /* by the meter, after its limit */
};

/*
 * Become a process in the near namespace, in an empty folder. Returns in that process only: the one
 * before waits for it, puts the backlog back, removes the folder and exits as it does. False: it
 * cannot be made, *ret_why says why.
 */
bool scanning_enter(const char **ret_why);
/* Have the far side drop or answer. False: it cannot. */
bool scanning_sink(enum scanning_sink sink);

/* Run a command, args ending with NULL, and count. question_count is what it was told to ask; more
 * than limit_s it is not let. Output goes into the files `out` and `err` of the working folder. */
bool scanning_meter(char *const *args, uint64_t question_count, double limit_s,
		    struct scanning_reading *ret_reading);

/* The bare loop: question_count frames of a question's size by sendmmsg, and nothing else. Returns
 * an exit status. */
int scanning_loop(uint64_t question_count);

/* A share of time of every CPU for others: begins and ends. */
void scanning_load_begin(void);
void scanning_load_end(void);

/* How many different addresses of 10.64.0.0/10 the lines of a file name; those without `mark` are
 * left out. */
uint64_t scanning_count(const char *path, const char *mark);

#endif /* BENCH_SCANNING_H */
