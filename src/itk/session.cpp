// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <gdcmTrace.h>
#include <itkNiftiImageIO.h>
#include <itkOutputWindow.h>

#include <mutex>
#include <regex>

#include "asyndgan/core/log.hpp"
#include "tiff_messages.hpp"

// NIfTI files' names, and rows of a TIFF that ends early, are leaked by ITK 5.2 itself. Only a
// build with the address sanitizer calls this.
extern "C" __attribute__((weak)) const char* __lsan_default_suppressions();
extern "C" __attribute__((weak)) const char* __lsan_default_suppressions() {
  return "leak:nifti_makeimgname\nleak:nifti_makehdrname\nleak:itk::TIFFImageIO\n"
         "leak:itk_TIFFClientOpen\n";
}

namespace asyndgan::data::files {
namespace {

/// Where ITK's own warnings go.
class LogWindow : public itk::OutputWindow {
 public:
  using Self = LogWindow;
  using Superclass = itk::OutputWindow;
  using Pointer = itk::SmartPointer<Self>;
  itkFactorylessNewMacro(Self);

  void DisplayText(const char* text) override { log(LogLevel::warning, "ITK: " + one_line(text)); }
  void DisplayDebugText(const char* text) override {
    log(LogLevel::debug, "ITK: " + one_line(text));
  }
};

}  // namespace

void prepare_itk() {
  static std::once_flag once;
  std::call_once(once, [] {
    itk::OutputWindow::SetInstance(LogWindow::New());
    redirect_tiff_messages();
    gdcm::Trace::WarningOff();  // check_dicom_pixels() and arrange() say it with the file's name
    gdcm::Trace::ErrorOff();
    // The first object made of any class fills the factories' tables, without a lock.
    (void)itk::NiftiImageIO::New();
  });
}

std::string one_line(std::string text) {
  text = std::regex_replace(text, std::regex("ITK ERROR: *|\\(0x[0-9a-f]+\\)"), "");
  text = std::regex_replace(text, std::regex("\\s+"), " ");
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "no reason given";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace asyndgan::data::files
