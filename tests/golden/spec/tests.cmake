# SPDX-License-Identifier: MIT
# `nodewise check Spec.tla` by its words: every *.case is a test, run among its specifications.
set(spec_dir ${CMAKE_CURRENT_LIST_DIR})
file(GLOB spec_cases CONFIGURE_DEPENDS ${spec_dir}/*.case)
foreach(case ${spec_cases})
  get_filename_component(name ${case} NAME_WE)
  add_test(NAME golden_spec_${name} COMMAND ${CMAKE_CURRENT_LIST_DIR}/../check/run-case
    $<TARGET_FILE:nodewise-command> ${spec_dir} ${case})
  set_tests_properties(golden_spec_${name} PROPERTIES LABELS "golden;tla" TIMEOUT 120)
endforeach()
