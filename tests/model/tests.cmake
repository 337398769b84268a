# SPDX-License-Identifier: MIT
# The clients of the model checker, built and run once as programs, so that they keep compiling where
# the checker is not installed. One execution proves nothing: ./do model looks at all of them.
file(GLOB clients CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
foreach(client ${clients})
  get_filename_component(name ${client} NAME_WE)
  add_executable(model_${name} ${client})
  target_include_directories(model_${name} BEFORE PRIVATE ${CMAKE_CURRENT_LIST_DIR}/stub
    ${CMAKE_CURRENT_LIST_DIR})
  target_compile_definitions(model_${name} PRIVATE NW_SMALL=1)
  target_compile_options(model_${name} PRIVATE -UNDEBUG)
  target_link_libraries(model_${name} PRIVATE nw_flags Threads::Threads)
  # They include a library's .c file, which is checked where it belongs.
  set_target_properties(model_${name} PROPERTIES C_CLANG_TIDY "" C_CPPCHECK "")
  add_test(NAME model_${name} COMMAND model_${name})
  set_tests_properties(model_${name} PROPERTIES LABELS model TIMEOUT 60)
endforeach()
add_test(NAME model_mutants COMMAND ${CMAKE_CURRENT_LIST_DIR}/run-models --apply)
set_tests_properties(model_mutants PROPERTIES LABELS model TIMEOUT 60)
