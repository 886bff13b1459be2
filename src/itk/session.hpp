// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <itkMacro.h>

#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "asyndgan/core/error.hpp"

namespace asyndgan::data::files {

/// Readies ITK for use from several threads and sends its warnings to log().
void prepare_itk();

/// An ITK message on one line, without source file and line number.
[[nodiscard]] std::string one_line(const std::string& text);

/// Runs `work`; what ITK throws becomes a `Failure` (DataError, WriteError) about `path`.
template <class Failure, class F>
std::invoke_result_t<F> with_itk(const std::filesystem::path& path, F&& work) {
  prepare_itk();
  try {
    return std::forward<F>(work)();
  } catch (const itk::ExceptionObject& error) {
    throw Failure("'" + path.string() + "': " + one_line(error.GetDescription()));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Failure("'" + path.string() + "': " + one_line(error.what()));
  }
}

}  // namespace asyndgan::data::files
