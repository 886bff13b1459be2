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
#include "tiff_messages.hpp"

namespace asyndgan::data::files {

/// Readies ITK for use from several threads and sends its warnings to log().
void prepare_itk();

/// An ITK message on one line, without the addresses of objects.
[[nodiscard]] std::string one_line(std::string text);

/// Runs `work`; what ITK throws becomes a `Failure` (DataError, WriteError) about `path`.
template <class Failure, class F>
std::invoke_result_t<F> with_itk(const std::filesystem::path& path, F&& work) {
  prepare_itk();
  (void)take_tiff_error();
  try {
    return std::forward<F>(work)();
  } catch (const itk::ExceptionObject& error) {
    const std::string more = take_tiff_error();
    throw Failure("'" + path.string() + "': " + one_line(error.GetDescription()) +
                  (more.empty() ? "" : " (" + more + ")"));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Failure("'" + path.string() + "': " + one_line(error.what()));
  }
}

}  // namespace asyndgan::data::files
