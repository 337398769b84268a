# SPDX-License-Identifier: MIT
# `nodewise relay` from outside: a test for each group of run-relay.
foreach(group transports datagrams io_choice steering clients lanes denied identity hearing tls binds files words full drain ready drain_late reload
    kills slow limits fuzz names metrics lint notify logs shared)
  add_test(NAME relay_${group} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-relay
    $<TARGET_FILE:nodewise-command> ${group})
  set_tests_properties(relay_${group} PROPERTIES LABELS relay TIMEOUT 180 SKIP_RETURN_CODE 77)
endforeach()
