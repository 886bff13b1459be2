// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace asyndgan::test {

/// mpirun under env(1), which starts more processes than there are cores, in a container too. Of
/// Open MPI; another MPI does not know the variables.
[[nodiscard]] inline std::vector<std::string> mpirun() {
  return {"OMPI_ALLOW_RUN_AS_ROOT=1",
          "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
          "OMPI_MCA_rmaps_base_oversubscribe=1",
          "OMPI_MCA_hwloc_base_binding_policy=none",
          "OMPI_MCA_mpi_yield_when_idle=0",
          ASYNDGAN_MPIEXEC};
}

}  // namespace asyndgan::test
