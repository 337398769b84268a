# SPDX-License-Identifier: MIT
nw_test(stress/stress_fpset)
nw_test(stress/stress_slab)
nw_test(stress/stress_ring)
nw_test(stress/stress_park)
nw_test(stress/stress_explore)
foreach(name deque queue stack hashmap)
  nw_test(stress/stress_${name})
endforeach()
