# SPDX-License-Identifier: MIT
# `nodewise check` killed and gone on with, until it is done.
set(recover_dir ${CMAKE_CURRENT_LIST_DIR})
foreach(case slide violation tree spec spec_violation)
  add_test(NAME golden_recover_${case}
    COMMAND ${recover_dir}/run-recover $<TARGET_FILE:nodewise-command> ${case})
  set_tests_properties(golden_recover_${case} PROPERTIES LABELS golden TIMEOUT 400)
endforeach()
