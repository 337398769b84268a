/* SPDX-License-Identifier: MIT */
/**
 * @file
 * One line of text for a person, where an errno cannot say enough: which word of a
 * topology string is wrong, which symbol a plug-in lacks.
 *
 * Functions that take `struct nw_diag *reterr_diag` accept NULL, write it only on failure,
 * and leave in it one sentence without a newline that says what to do.
 */
#ifndef NW_DIAG_H
#define NW_DIAG_H

struct nw_diag {
	char text[256];
};

#endif /* NW_DIAG_H */
