# SPDX-License-Identifier: MIT
# `nodewise top` beside programs that run: a test for each group of run-top.
foreach(group check_search check_workers walks graph steals relay limits scan leftovers words screen tables sizes colours choosing terminal)
  add_test(NAME top_${group} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-top
    $<TARGET_FILE:nodewise-command> ${group} $<TARGET_FILE:sched_watch>)
  set_tests_properties(top_${group} PROPERTIES LABELS top TIMEOUT 180 SKIP_RETURN_CODE 77)
endforeach()
