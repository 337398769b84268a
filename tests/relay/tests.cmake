# SPDX-License-Identifier: MIT
# `nodewise relay` from outside: a test for each group of run-relay.
foreach(group transports datagrams io_choice steering clients lanes denied identity hearing dropped tls binds files words full moves drain ready drain_late reload
    kills slow limits fuzz names bridge_out bridge_refusals bridge_tls bridge_credentials bridge_in metrics lint notify logs shared)
  add_test(NAME relay_${group} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-relay
    $<TARGET_FILE:nodewise-command> ${group})
  set_tests_properties(relay_${group} PROPERTIES LABELS relay TIMEOUT 180 SKIP_RETURN_CODE 77)
endforeach()

# Loaded before libc. Under a sanitizer nothing is loaded before its own library.
foreach(preload clock_jump hold_submit)
  add_library(${preload} MODULE relay/${preload}.c)
  set_target_properties(${preload} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${preload} PRIVATE nw_flags)
  set(${preload} $<TARGET_FILE:${preload}>)
  if(CMAKE_C_FLAGS MATCHES fsanitize)
    set(${preload})
  endif()
endforeach()

add_test(NAME relay_drain_held COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-relay
  $<TARGET_FILE:nodewise-command> drain_held ${hold_submit})
set_tests_properties(relay_drain_held PROPERTIES LABELS relay TIMEOUT 180 SKIP_RETURN_CODE 77)

# An hour's worth of faults; under a sanitizer clocks do not jump.
add_test(NAME relay_soak COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-soak $<TARGET_FILE:nodewise-command>
  ${clock_jump})
set_tests_properties(relay_soak PROPERTIES LABELS relay TIMEOUT 180)
