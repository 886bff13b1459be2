# SPDX-License-Identifier: Apache-2.0
#
# cmake --install: headers, libraries and the package files of
#   find_package(asyndgan [COMPONENTS compiled itk tls mpi])
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/asyndgan)
install(TARGETS asyndgan EXPORT asyndganTargets FILE_SET HEADERS FILE_SET internals)
install(TARGETS asyndgan_compiled EXPORT asyndganTargets)
if(ASYNDGAN_WITH_ITK)
  # Exported with the plain library names it links: ITK 5.2 has no imported targets, so the
  # package file finds ITK before these targets are loaded.
  install(TARGETS asyndgan_itk EXPORT asyndganTargets)
endif()
if(ASYNDGAN_WITH_TLS)
  install(TARGETS asyndgan_tls EXPORT asyndganTargets)
endif()
if(ASYNDGAN_WITH_MPI)
  install(TARGETS asyndgan_mpi EXPORT asyndganTargets)
endif()
install(EXPORT asyndganTargets NAMESPACE asyndgan:: DESTINATION ${package_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/asyndganConfig.cmake.in
  ${PROJECT_BINARY_DIR}/asyndganConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/asyndganConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/asyndganConfig.cmake
              ${PROJECT_BINARY_DIR}/asyndganConfigVersion.cmake DESTINATION ${package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
