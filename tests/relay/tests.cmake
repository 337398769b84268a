# SPDX-License-Identifier: MIT
# `nodewise relay` from outside: a test for each group of run-relay.
foreach(group transports datagrams io_choice steering clients lanes denied identity hearing dropped tls binds files words full drain ready drain_late reload
    kills slow limits fuzz names bridge_out bridge_refusals bridge_tls bridge_in metrics lint notify logs shared)
  add_test(NAME relay_${group} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-relay
    $<TARGET_FILE:nodewise-command> ${group})
  set_tests_properties(relay_${group} PROPERTIES LABELS relay TIMEOUT 180 SKIP_RETURN_CODE 77)
endforeach()

# An hour's worth of faults. Under a sanitizer nothing is loaded before its own library, so there clocks
# do not jump.
add_library(clock_jump MODULE relay/clock_jump.c)
set_target_properties(clock_jump PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
target_link_libraries(clock_jump PRIVATE nw_flags)
set(clock_jump $<TARGET_FILE:clock_jump>)
if(CMAKE_C_FLAGS MATCHES fsanitize)
  set(clock_jump)
endif()
add_test(NAME relay_soak COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-soak $<TARGET_FILE:nodewise-command>
  ${clock_jump})
set_tests_properties(relay_soak PROPERTIES LABELS relay TIMEOUT 180)
