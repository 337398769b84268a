/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Fork and join: tasks by value, in the worker's own deque.
 *
 * A *task* is a function that may run in parallel with its caller until the caller joins it. It is
 * written down in 64 bytes of the worker's deque (function, arguments, later the result), no memory
 * is allocated, and as long as nobody steals it, spawning and joining cost no fence, no locked
 * instruction and no shared line.
 *
 *     NW_TASK(int, fib, int, n)
 *     {
 *             if (n < 2)
 *                     return n;
 *             NW_SPAWN(fib, n - 1);
 *             int b = NW_CALL(fib, n - 2);
 *             int a = NW_SYNC(fib);
 *             return a + b;
 *     }
 *
 * Every task function has a hidden parameter, `nw_here`: which worker it runs on, and where in its
 * deque the next task goes. The macros hand it on. Who has a here may fork; code without one starts
 * a root by nw_sched_run() or nw_sched_submit() (nw/sched.h).
 *
 * Rules, as for any stack: NW_SYNC joins the task that was spawned last and not joined yet, so its
 * function is that one's; and a function joins all that it spawned before it returns. What a task
 * gets by pointer lives until its join.
 *
 * Which thread: the caller of NW_SYNC, if nobody was faster; else a thief, and the join waits for
 * it. While it waits it runs tasks of that thief (leapfrogging: Wagner and Calder, 1993), which are
 * all descendants of the one it waits for, so that the C stack grows no deeper than the program's
 * own nesting; with none there it sleeps.
 *
 * A deque has a fixed number of slots for thieves (nw_sched_options.task_slots). A task that is
 * spawned when they are taken runs at once, inside NW_SPAWN, and its result waits for NW_SYNC:
 * nothing is lost, there is only less to steal; the counter inline_overflows tells. At most
 * NW_TASK_PENDING_MAX tasks of a worker may be spawned and not joined; one more is a mistake of the
 * caller.
 *
 * Threads: a here belongs to the worker's thread and to the function that got it; it is copied
 * downwards, into what that function calls, never kept.
 * Order: what came before a spawn happens before the task; the task happens before its join
 * returns. Progress: spawning is wait-free but for the wake-up of a sleeper (a system call);
 * joining blocks on the task.
 */
#ifndef NW_TASK_H
#define NW_TASK_H

#include <nw/base.h>

#include <stdbool.h>
#include <stdint.h>

#ifndef __cplusplus
#include <stdalign.h>
#include <stdatomic.h>
#endif

NW_BEGIN_DECLS

/** Bytes that the arguments of a task may have, and its result. */
#define NW_TASK_BYTES 40

/** Tasks of one worker that may be spawned and not joined, those run at once included. */
#define NW_TASK_PENDING_MAX (1u << 18)

struct nw_task;
struct nw_worker;
struct nw_cancel;

/**
 * Where a task runs: its worker, and the free end of that worker's deque. By value; the fields are
 * the library's.
 */
struct nw_here {
	struct nw_worker *worker;
	struct nw_task *head;
};

/** What runs a written-down task: reads its arguments, calls it, writes the result over them. */
typedef void nw_task_run_fn(struct nw_here here, struct nw_task *task);

/** A task, one slot of a deque. The fields are the library's. */
struct nw_task {
	alignas(64) nw_task_run_fn *run;
#ifdef __cplusplus
	uintptr_t state;
#else
	_Atomic uintptr_t state; /* 0, or who stole it, or that it is done; see src/sched/tasks.h */
#endif
	struct nw_cancel *cancel; /* set when thieves may see it */
	uint64_t payload[NW_TASK_BYTES / 8];
};

/** A task of the plain interface. */
typedef void nw_task_fn(struct nw_here here, void *arg);

/**
 * Make the slot at here->head, which the caller has filled, a task.
 *
 * Threads: the here's. The macros and nw_spawn() call it.
 * Order:   the slot, and what came before, is seen by whoever runs it.
 * Progress: wait-free, but for running the task at once where all slots are taken.
 * Cost:    one load and a compare; where a thief asked for work, one atomic read-modify-write.
 */
NW_API NW_INLINE void nw_task_push(struct nw_here *here);

/**
 * Take back the task that was pushed last, or wait until whoever took it has run it.
 *
 * @return true: it is the caller's to run, in the slot at here->head; false: it has run, the result
 *         is in that slot
 *
 * Threads: the here's. The macros and nw_sync() call it.
 * Order:   if false, the task happened before.
 * Progress: wait-free if true; else blocks on the thief.
 * Cost:    one load and a compare; where thieves could see it, one atomic read-modify-write.
 */
NW_API NW_INLINE bool nw_task_pop(struct nw_here *here) NW_MUST_USE;

/** What nw_task_push() does where the fast way ends. Threads: the here's. */
NW_API void nw_task_push_slow(struct nw_worker *worker, struct nw_task *task);
/** What nw_task_pop() does where the fast way ends. Threads: the here's. */
NW_API bool nw_task_pop_slow(struct nw_worker *worker, struct nw_task *task);

/**
 * Spawn a task of the plain interface: it will run fn(here, arg) before nw_sync() returns, unless
 * it is cancelled before it begins (nw_here_is_cancelled()); then it does not run.
 *
 * @param here  the spawning function's own; joined in reverse order by nw_sync()
 * @param arg   handed to fn as it is; what it points to lives until the join
 *
 * Threads: the here's.
 * Order:   as the file says.
 * Progress: as nw_task_push().
 */
NW_API void nw_spawn(struct nw_here *here, nw_task_fn *fn, void *arg);

/**
 * Join the task that was spawned last: run it, or wait until its thief has.
 *
 * Threads: the here's.
 * Order:   as the file says.
 * Progress: blocks on the task.
 */
NW_API void nw_sync(struct nw_here *here);

/** What nw_for() runs on a piece of its range: begin <= index < end. */
typedef void nw_for_fn(struct nw_here here, uint64_t begin, uint64_t end, void *arg);

/**
 * Run a function over a range, in pieces that run in parallel; all have ended when it returns.
 *
 * The range is halved until a piece has at most `grain` indices. Pieces that have not begun when
 * the here is cancelled do not run.
 *
 * @param begin, end  begin <= end
 * @param grain       indices of a piece, at most; 0: an eighth of each worker's share
 *
 * Threads: the here's.
 * Order:   what came before happens before every piece, and all of them before the return.
 * Progress: blocks on the pieces.
 */
NW_API void nw_for(struct nw_here here, uint64_t begin, uint64_t end, uint64_t grain, nw_for_fn *fn,
		   void *arg);

/** Position of the worker in its crew. Threads: the here's. */
NW_API uint32_t nw_here_worker_idx(struct nw_here here);
/** Position in the topology of the node that the worker serves. Threads: the here's. */
NW_API uint32_t nw_here_node_idx(struct nw_here here);

/**
 * Whether the token that this task runs under, or one above it, was cancelled: then return early.
 * Tasks that thieves took and those that run under nw_with_cancel() inherit the token.
 *
 * Threads: the here's.
 * Order:   what came before nw_cancel_set() is seen if true.
 * Progress: wait-free in the depth of the tokens.
 */
NW_API bool nw_here_is_cancelled(struct nw_here here);

/**
 * Call fn(here, arg) so that it and what it spawns run under another token. Make that token's
 * parent the one before, if cancelling the outer work is to cancel the inner.
 *
 * @param cancel  borrowed until the call returns; NULL: nothing cancels it
 *
 * Threads: the here's.
 */
NW_API void nw_with_cancel(struct nw_here here, struct nw_cancel *cancel, nw_task_fn *fn,
			   void *arg);

/** The token the caller runs under, or NULL; lent until it returns. Threads: the here's. */
NW_API struct nw_cancel *nw_here_cancel(struct nw_here here);

#ifndef __cplusplus

/*
 * The part of a worker that spawns and joins touch. Tasks below `floor` thieves may see; from
 * `limit` on a push needs more than the fast way. The owner writes the true values; a thief that
 * found nothing writes the extreme ones, which send the owner the slow way.
 */
struct nw_worker {
	alignas(NW_CACHE_PAIR) _Atomic uintptr_t limit;
	_Atomic uintptr_t floor;
};

NW_INLINE void nw_task_push(struct nw_here *here)
{
	struct nw_task *task = here->head++;

	/* relaxed: only the owner writes what lets a task pass; else re-checked the slow way. */
	if (NW_UNLIKELY((uintptr_t)task >=
			atomic_load_explicit(&here->worker->limit, memory_order_relaxed)))
		nw_task_push_slow(here->worker, task);
}

NW_INLINE bool nw_task_pop(struct nw_here *here)
{
	struct nw_task *task = --here->head;

	/* relaxed: as above. */
	if (NW_UNLIKELY((uintptr_t)task <
			atomic_load_explicit(&here->worker->floor, memory_order_relaxed)))
		return nw_task_pop_slow(here->worker, task);
	return true;
}

#endif

NW_END_DECLS

/*
 * The typed interface. NW_TASK(result, name, type, argument, ...) opens the definition of a static
 * function; up to six arguments, NW_TASK_BYTES in all. NW_TASK_VOID(name, ...) is the same without
 * a result. NW_TASK_DECLARE and NW_TASK_VOID_DECLARE only announce one; NW_TASK_BODY(result, name,
 * ...) defines it later in the file.
 *
 *     NW_SPAWN(name, argument, ...)  the task may run from here on
 *     NW_CALL(name, argument, ...)   an ordinary call, which hands the here on
 *     NW_SYNC(name)                  joins the task spawned last; its result
 *
 * A task is not skipped when it is cancelled, as it has a result to give: it asks
 * nw_here_is_cancelled(nw_here).
 */
#if defined(__GNUC__)
#define NW_TASK_UNUSED __attribute__((unused))
#define NW_TASK_INLINE static inline __attribute__((unused, always_inline))
#else
#define NW_TASK_UNUSED
#define NW_TASK_INLINE static inline
#endif

#ifdef __cplusplus
#define NW_TASK_ASSERT(condition, text) static_assert(condition, text)
#else
#define NW_TASK_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define NW_TASK_PASTE(a, b)  NW_TASK_PASTE_(a, b)
#define NW_TASK_PASTE_(a, b) a##b
#define NW_TASK_OPEN(...)    __VA_ARGS__

/* How many arguments name, type, argument, ... has. */
#define NW_TASK_COUNT(...) NW_TASK_COUNT_(__VA_ARGS__, 6, x, 5, x, 4, x, 3, x, 2, x, 1, x, 0, x)

#define NW_TASK_COUNT_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, ...) n

/* Whether a call has any: N or 0. */
#define NW_TASK_HAS_ANY(...) NW_TASK_HAS_ANY_(__VA_ARGS__, N, N, N, N, N, N, 0, x)

#define NW_TASK_HAS_ANY_(a, b, c, d, e, f, g, n, ...) n

#define NW_SPAWN(...)         NW_TASK_PASTE(NW_SPAWN_, NW_TASK_HAS_ANY(__VA_ARGS__))(__VA_ARGS__)
#define NW_SPAWN_0(name)      name##_nw_spawn(&nw_here)
#define NW_SPAWN_N(name, ...) name##_nw_spawn(&nw_here, __VA_ARGS__)
#define NW_CALL(...)          NW_TASK_PASTE(NW_CALL_, NW_TASK_HAS_ANY(__VA_ARGS__))(__VA_ARGS__)
#define NW_CALL_0(name)       name(nw_here)
#define NW_CALL_N(name, ...)  name(nw_here, __VA_ARGS__)
#define NW_SYNC(name)         name##_nw_sync(&nw_here)

/* The groups in parentheses: fields of the record, parameters, stores to it, loads from it. */
#define NW_TASK_SPAWN_(name, parameters, stores)                                                   \
	NW_TASK_ASSERT(sizeof(union name##_nw) <= NW_TASK_BYTES, #name ": more than fits a task"); \
	NW_TASK_INLINE void name##_nw_spawn(struct nw_here *nw_at NW_TASK_OPEN parameters)         \
	{                                                                                          \
		union name##_nw *nw_data = (union name##_nw *)(void *)nw_at->head->payload;        \
                                                                                                   \
		(void)nw_data;                                                                     \
		NW_TASK_OPEN stores nw_at->head->run = name##_nw_run;                              \
		nw_task_push(nw_at);                                                               \
	}

#define NW_TASK_VALUE_(result, name, fields, parameters, stores, loads)                         \
	union name##_nw {                                                                       \
		struct {                                                                        \
			NW_TASK_OPEN fields                                                     \
		} in;                                                                           \
		result out;                                                                     \
	};                                                                                      \
	static inline result name(struct nw_here nw_here NW_TASK_OPEN parameters);              \
	NW_TASK_UNUSED static void name##_nw_run(struct nw_here nw_at, struct nw_task *nw_task) \
	{                                                                                       \
		union name##_nw *nw_data = (union name##_nw *)(void *)nw_task->payload;         \
                                                                                                \
		nw_data->out = name(nw_at NW_TASK_OPEN loads);                                  \
	}                                                                                       \
	NW_TASK_SPAWN_(name, parameters, stores)                                                \
	NW_TASK_INLINE result name##_nw_sync(struct nw_here *nw_at)                             \
	{                                                                                       \
		union name##_nw *nw_data = (union name##_nw *)(void *)nw_at->head[-1].payload;  \
                                                                                                \
		return nw_task_pop(nw_at) ? name(*nw_at NW_TASK_OPEN loads) : nw_data->out;     \
	}                                                                                       \
	NW_TASK_ASSERT(1, "")

#define NW_TASK_VOID_(name, fields, parameters, stores, loads)                                  \
	union name##_nw {                                                                       \
		struct {                                                                        \
			NW_TASK_OPEN fields                                                     \
		} in;                                                                           \
	};                                                                                      \
	static inline void name(struct nw_here nw_here NW_TASK_OPEN parameters);                \
	NW_TASK_UNUSED static void name##_nw_run(struct nw_here nw_at, struct nw_task *nw_task) \
	{                                                                                       \
		union name##_nw *nw_data = (union name##_nw *)(void *)nw_task->payload;         \
                                                                                                \
		(void)nw_data;                                                                  \
		name(nw_at NW_TASK_OPEN loads);                                                 \
	}                                                                                       \
	NW_TASK_SPAWN_(name, parameters, stores)                                                \
	NW_TASK_INLINE void name##_nw_sync(struct nw_here *nw_at)                               \
	{                                                                                       \
		union name##_nw *nw_data = (union name##_nw *)(void *)nw_at->head[-1].payload;  \
                                                                                                \
		(void)nw_data;                                                                  \
		if (nw_task_pop(nw_at))                                                         \
			name(*nw_at NW_TASK_OPEN loads);                                        \
	}                                                                                       \
	NW_TASK_ASSERT(1, "")

/* By number of arguments. */
#define NW_TASK_VALUE_0(result, name) NW_TASK_VALUE_(result, name, (char nw_none;), (), (), ())
#define NW_TASK_VALUE_1(result, name, T1, a1)                                     \
	NW_TASK_VALUE_(result, name, (T1 a1;), (, T1 a1), (nw_data->in.a1 = a1;), \
		       (, nw_data->in.a1))
#define NW_TASK_VALUE_2(result, name, T1, a1, T2, a2)                   \
	NW_TASK_VALUE_(result, name, (T1 a1; T2 a2;), (, T1 a1, T2 a2), \
		       (nw_data->in.a1 = a1; nw_data->in.a2 = a2;),     \
		       (, nw_data->in.a1, nw_data->in.a2))
#define NW_TASK_VALUE_3(result, name, T1, a1, T2, a2, T3, a3)                            \
	NW_TASK_VALUE_(result, name, (T1 a1; T2 a2; T3 a3;), (, T1 a1, T2 a2, T3 a3),    \
		       (nw_data->in.a1 = a1; nw_data->in.a2 = a2; nw_data->in.a3 = a3;), \
		       (, nw_data->in.a1, nw_data->in.a2, nw_data->in.a3))
#define NW_TASK_VALUE_4(result, name, T1, a1, T2, a2, T3, a3, T4, a4)                  \
	NW_TASK_VALUE_(result, name, (T1 a1; T2 a2; T3 a3; T4 a4;),                    \
		       (, T1 a1, T2 a2, T3 a3, T4 a4),                                 \
		       (nw_data->in.a1 = a1; nw_data->in.a2 = a2; nw_data->in.a3 = a3; \
			nw_data->in.a4 = a4;),                                         \
		       (, nw_data->in.a1, nw_data->in.a2, nw_data->in.a3, nw_data->in.a4))
#define NW_TASK_VALUE_5(result, name, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5)             \
	NW_TASK_VALUE_(result, name, (T1 a1; T2 a2; T3 a3; T4 a4; T5 a5;),                \
		       (, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5),                             \
		       (nw_data->in.a1 = a1; nw_data->in.a2 = a2; nw_data->in.a3 = a3;    \
			nw_data->in.a4 = a4; nw_data->in.a5 = a5;),                       \
		       (, nw_data->in.a1, nw_data->in.a2, nw_data->in.a3, nw_data->in.a4, \
			nw_data->in.a5))
#define NW_TASK_VALUE_6(result, name, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5, T6, a6)     \
	NW_TASK_VALUE_(result, name, (T1 a1; T2 a2; T3 a3; T4 a4; T5 a5; T6 a6;),         \
		       (, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6),                      \
		       (nw_data->in.a1 = a1; nw_data->in.a2 = a2; nw_data->in.a3 = a3;    \
			nw_data->in.a4 = a4; nw_data->in.a5 = a5; nw_data->in.a6 = a6;),  \
		       (, nw_data->in.a1, nw_data->in.a2, nw_data->in.a3, nw_data->in.a4, \
			nw_data->in.a5, nw_data->in.a6))
#define NW_TASK_VOID_0(name) NW_TASK_VOID_(name, (char nw_none;), (), (), ())
#define NW_TASK_VOID_1(name, T1, a1) \
	NW_TASK_VOID_(name, (T1 a1;), (, T1 a1), (nw_data->in.a1 = a1;), (, nw_data->in.a1))
#define NW_TASK_VOID_2(name, T1, a1, T2, a2)                       \
	NW_TASK_VOID_(name, (T1 a1; T2 a2;), (, T1 a1, T2 a2),     \
		      (nw_data->in.a1 = a1; nw_data->in.a2 = a2;), \
		      (, nw_data->in.a1, nw_data->in.a2))
#define NW_TASK_VOID_3(name, T1, a1, T2, a2, T3, a3)                                    \
	NW_TASK_VOID_(name, (T1 a1; T2 a2; T3 a3;), (, T1 a1, T2 a2, T3 a3),            \
		      (nw_data->in.a1 = a1; nw_data->in.a2 = a2; nw_data->in.a3 = a3;), \
		      (, nw_data->in.a1, nw_data->in.a2, nw_data->in.a3))
#define NW_TASK_VOID_4(name, T1, a1, T2, a2, T3, a3, T4, a4)                               \
	NW_TASK_VOID_(name, (T1 a1; T2 a2; T3 a3; T4 a4;), (, T1 a1, T2 a2, T3 a3, T4 a4), \
		      (nw_data->in.a1 = a1; nw_data->in.a2 = a2; nw_data->in.a3 = a3;      \
		       nw_data->in.a4 = a4;),                                              \
		      (, nw_data->in.a1, nw_data->in.a2, nw_data->in.a3, nw_data->in.a4))
#define NW_TASK_VOID_5(name, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5)                     \
	NW_TASK_VOID_(name, (T1 a1; T2 a2; T3 a3; T4 a4; T5 a5;),                        \
		      (, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5),                             \
		      (nw_data->in.a1 = a1; nw_data->in.a2 = a2; nw_data->in.a3 = a3;    \
		       nw_data->in.a4 = a4; nw_data->in.a5 = a5;),                       \
		      (, nw_data->in.a1, nw_data->in.a2, nw_data->in.a3, nw_data->in.a4, \
		       nw_data->in.a5))
#define NW_TASK_VOID_6(name, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5, T6, a6)             \
	NW_TASK_VOID_(name, (T1 a1; T2 a2; T3 a3; T4 a4; T5 a5; T6 a6;),                 \
		      (, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6),                      \
		      (nw_data->in.a1 = a1; nw_data->in.a2 = a2; nw_data->in.a3 = a3;    \
		       nw_data->in.a4 = a4; nw_data->in.a5 = a5; nw_data->in.a6 = a6;),  \
		      (, nw_data->in.a1, nw_data->in.a2, nw_data->in.a3, nw_data->in.a4, \
		       nw_data->in.a5, nw_data->in.a6))
#define NW_TASK_HEAD_0(name)         name(struct nw_here nw_here NW_TASK_UNUSED)
#define NW_TASK_HEAD_1(name, T1, a1) name(struct nw_here nw_here NW_TASK_UNUSED, T1 a1)
#define NW_TASK_HEAD_2(name, T1, a1, T2, a2) \
	name(struct nw_here nw_here NW_TASK_UNUSED, T1 a1, T2 a2)
#define NW_TASK_HEAD_3(name, T1, a1, T2, a2, T3, a3) \
	name(struct nw_here nw_here NW_TASK_UNUSED, T1 a1, T2 a2, T3 a3)
#define NW_TASK_HEAD_4(name, T1, a1, T2, a2, T3, a3, T4, a4) \
	name(struct nw_here nw_here NW_TASK_UNUSED, T1 a1, T2 a2, T3 a3, T4 a4)
#define NW_TASK_HEAD_5(name, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5) \
	name(struct nw_here nw_here NW_TASK_UNUSED, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5)
#define NW_TASK_HEAD_6(name, T1, a1, T2, a2, T3, a3, T4, a4, T5, a5, T6, a6) \
	name(struct nw_here nw_here NW_TASK_UNUSED, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6)

/* Once more than C needs: the preprocessors of some checkers do not look again at what a group in
 * parentheses became. */
#define NW_TASK_AGAIN(...) __VA_ARGS__

#define NW_TASK_DECLARE(result, ...) \
	NW_TASK_AGAIN(               \
		NW_TASK_PASTE(NW_TASK_VALUE_, NW_TASK_COUNT(__VA_ARGS__))(result, __VA_ARGS__))
#define NW_TASK_VOID_DECLARE(...) \
	NW_TASK_AGAIN(NW_TASK_PASTE(NW_TASK_VOID_, NW_TASK_COUNT(__VA_ARGS__))(__VA_ARGS__))
#define NW_TASK_HEAD(...) NW_TASK_PASTE(NW_TASK_HEAD_, NW_TASK_COUNT(__VA_ARGS__))(__VA_ARGS__)

#define NW_TASK_BODY(result, ...) static inline result NW_TASK_HEAD(__VA_ARGS__)
#define NW_TASK(result, ...)                  \
	NW_TASK_DECLARE(result, __VA_ARGS__); \
	NW_TASK_BODY(result, __VA_ARGS__)
#define NW_TASK_VOID(...)                  \
	NW_TASK_VOID_DECLARE(__VA_ARGS__); \
	NW_TASK_BODY(void, __VA_ARGS__)

#endif /* NW_TASK_H */
