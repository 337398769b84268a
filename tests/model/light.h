/* SPDX-License-Identifier: MIT */
/*
 * For clients that run the path without fences: the checker has no membarrier(2), so each light
 * fence is a full one here. That is more than the kernel gives (it puts one only where a writer
 * asks), so the meeting itself is not proved by it (specs/ does that), but every other order of
 * that path is looked at. ThreadSanitizer knows no fences: under it a light fence is an exchange
 * with one word that all threads share, which orders as much. Include it after model.h and before
 * the structure.
 */
#ifndef NW_MODEL_LIGHT_H
#define NW_MODEL_LIGHT_H

#undef atomic_signal_fence
#ifdef __SANITIZE_THREAD__
static _Atomic(uint32_t) model_light_fence;
#define atomic_signal_fence(order) ((void)atomic_fetch_add(&model_light_fence, 0))
#else
#define atomic_signal_fence(order) atomic_thread_fence(order)
#endif

#endif /* NW_MODEL_LIGHT_H */
