/* SPDX-License-Identifier: MIT */
/* What we tell the compiler beyond the language, for code where a call's cost was measured. */
#ifndef NWI_BASE_ATTR_H
#define NWI_BASE_ATTR_H

#if defined(__GNUC__)
#define NWI_ALWAYS_INLINE static inline __attribute__((always_inline))
#define NWI_NEVER_INLINE  static __attribute__((noinline))
#else
#define NWI_ALWAYS_INLINE static inline
#define NWI_NEVER_INLINE  static
#endif

#endif /* NWI_BASE_ATTR_H */
