# SPDX-License-Identifier: MIT
# `nodewise check` by its words: every *.case is a test, run where the plug-ins are.
set(check_dir ${CMAKE_CURRENT_LIST_DIR})
set(check_plugins ${PROJECT_BINARY_DIR}/tests/check-plugins)
foreach(plugin no_symbol old_abi no_next faulty odd)
  add_library(check_${plugin} MODULE ${check_dir}/plugin_${plugin}.c)
  list(APPEND check_modules check_${plugin})
endforeach()
add_library(check_jugs MODULE ${PROJECT_SOURCE_DIR}/examples/model_plugin.c)
list(APPEND check_modules check_jugs)
foreach(module ${check_modules})
  target_link_libraries(${module} PRIVATE nw_flags)
  set_target_properties(${module} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${check_plugins})
endforeach()

file(GLOB check_cases CONFIGURE_DEPENDS ${check_dir}/*.case)
foreach(case ${check_cases})
  get_filename_component(name ${case} NAME_WE)
  add_test(NAME golden_check_${name} COMMAND ${check_dir}/run-case $<TARGET_FILE:nodewise-command>
    ${check_plugins} ${case})
  set_tests_properties(golden_check_${name} PROPERTIES LABELS golden TIMEOUT 120)
endforeach()
