# SPDX-License-Identifier: MIT
# Step functions under simulation: many seeds on one thread. Programs are called sim_*, so that
# ./do soak finds them and runs them longer.
set(sched_sim ${PROJECT_SOURCE_DIR}/bench/sched_sim)
nw_test(sim/sim_dag)
nw_test(sim/sim_sched SOURCES ${sched_sim}/check.c ${sched_sim}/machine.c ${sched_sim}/sim.c
  ${sched_sim}/steal.c ${sched_sim}/work.c)
target_include_directories(sim_sched PRIVATE ${PROJECT_SOURCE_DIR})
set(govern_sim ${PROJECT_SOURCE_DIR}/bench/govern_sim)
nw_test(sim/sim_govern SOURCES ${govern_sim}/check.c ${govern_sim}/credits.c ${govern_sim}/rivals.c)
target_include_directories(sim_govern PRIVATE ${PROJECT_SOURCE_DIR})
# The relay's own sources, with places in which the simulation plants mistakes and lets others act.
foreach(name ask blame client client_lane control create fanout gate gather guest level message move producer shard
    stats store submit subscriber)
  list(APPEND relay_sources ${PROJECT_SOURCE_DIR}/engines/relay/${name}.c)
endforeach()
nw_test(sim/sim_relay SOURCES ${relay_sources} LIBS PkgConfig::XXHASH)
target_compile_definitions(sim_relay PRIVATE NWI_RELAY_FAULTS=1)
target_include_directories(sim_relay PRIVATE ${PROJECT_SOURCE_DIR})
