# SPDX-License-Identifier: MIT
# Tests that need a machine with several NUMA nodes. On a host with one they are skipped and say so;
# in the guest (run-guest, label numa) they run for real: one boot for each shape runs all of them.

# nw_guest_test(test_x [as nw_test]): tests/guest/test_x.c, run on the host and in the guest.
function(nw_guest_test name)
  nw_test(guest/${name} ${ARGN})
  set_property(TEST ${name} APPEND PROPERTY LABELS numa)
  set_property(GLOBAL APPEND PROPERTY NW_GUEST_PROGRAMS ${name})
endfunction()

nw_guest_test(test_placement)
nw_guest_test(test_pinning)
