/* SPDX-License-Identifier: MIT */
/* Mistakes that the simulation plants, to see that it would find them (tests/sim/sim_relay.c). In
 * the library they are not there: the condition is the constant false, and nobody acts in between.
 */
#ifndef NWI_RELAY_FAULT_H
#define NWI_RELAY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef NWI_RELAY_FAULTS

enum nwi_relay_fault {
	NWI_SOUND,
	NWI_NO_GRACE,      /* a move does not wait for those who act on the old map */
	NWI_NO_DRAIN,      /* nor for what they sent */
	NWI_FORGETS_STATE, /* limits of a moved topic begin anew */
	NWI_LOOKS_LATE,    /* lanes are looked at after the hand-over lanes are emptied */
	NWI_DROPS_STRAYS,  /* a record of a frozen slot is let go of */
	NWI_LOSES_ONE,     /* what the sink did not take is forgotten, one packet of it */
	NWI_GIVES_TWICE,   /* one packet that the sink took is offered again */
	NWI_MISCOUNTS,     /* a refusal by the rules is not counted */
	NWI_GOES_EARLY,    /* a client goes over though its old lane is not read */
	NWI_SHUTS_EARLY,   /* what a guest that leaves had shown is not taken */
	NWI_NO_GATES,      /* a subscriber's lanes are read in any order around a move */
	NWI_FAULT_COUNT
};
extern enum nwi_relay_fault nwi_relay_fault;
#define NWI_HAS_FAULT(fault) (nwi_relay_fault == (fault))

/* In the middle of a shard's step: others may act here, as on another core. */
extern void (*nwi_relay_between)(uint32_t shard_idx);
#define NWI_BETWEEN(shard) nwi_relay_between((shard)->shard_idx)

#else
#define NWI_HAS_FAULT(fault) false
#define NWI_BETWEEN(shard)   ((void)(shard))
#endif

#endif /* NWI_RELAY_FAULT_H */
