/* SPDX-License-Identifier: MIT */
/*
 * For clients that run the path without fences: the checker has no membarrier(2), so each light
 * fence is a full one here. That is more than the kernel gives (it puts one only where a writer
 * asks), so the meeting itself is not proved by it (specs/ does that), but every other order of
 * that path is looked at. Include it after model.h and before the structure.
 */
#ifndef NW_MODEL_LIGHT_H
#define NW_MODEL_LIGHT_H

#undef atomic_signal_fence
#define atomic_signal_fence(order) atomic_thread_fence(order)

#endif /* NW_MODEL_LIGHT_H */
