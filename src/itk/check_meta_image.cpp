// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "header_check.hpp"
#include "inflater.hpp"

namespace asyndgan::data::files {
namespace {

constexpr std::size_t kLongestHeader = std::size_t{1} << 20;

/// The "Key = value" lines of a MetaImage, up to ElementDataFile, which is the last.
struct MetaHeader {
  std::map<std::string, std::string> fields;
  std::uint64_t bytes = 0;  // where LOCAL data begins
};

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

MetaHeader read_header(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kLongestHeader, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  MetaHeader header;
  std::size_t at = 0;
  while (at < text.size() && !header.fields.contains("ElementDataFile")) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t equals = line.find('=');
    if (trimmed(line).empty()) continue;
    if (equals == std::string::npos) fail(path, "not a MetaImage (a header line without '=')");
    header.fields[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
  }
  header.bytes = at;
  return header;
}

const std::string& field(const std::filesystem::path& path, const MetaHeader& header,
                         const std::string& name) {
  const auto found = header.fields.find(name);
  if (found == header.fields.end()) fail(path, "the header has no field " + name);
  return found->second;
}

std::int64_t integer(const std::filesystem::path& path, const std::string& name,
                     const std::string& text) {
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) {
    fail(path, name + " is '" + text + "', expected an integer");
  }
  return value;
}

std::uint64_t element_bytes(const std::filesystem::path& path, const std::string& type) {
  static const std::map<std::string, std::uint64_t> kTypes{
      {"MET_CHAR", 1},      {"MET_UCHAR", 1},      {"MET_SHORT", 2}, {"MET_USHORT", 2},
      {"MET_INT", 4},       {"MET_UINT", 4},       {"MET_LONG", 4},  {"MET_ULONG", 4},
      {"MET_LONG_LONG", 8}, {"MET_ULONG_LONG", 8}, {"MET_FLOAT", 4}, {"MET_DOUBLE", 8}};
  const auto found = kTypes.find(type);
  if (found == kTypes.end()) {
    fail(path, "ElementType is '" + type + "', expected one number per voxel, such as MET_SHORT");
  }
  return found->second;
}

}  // namespace

void check_meta_image(const std::filesystem::path& path, std::uint64_t max_voxels) {
  require_file(path);
  const MetaHeader header = read_header(path);
  const std::string data_file = field(path, header, "ElementDataFile");
  const std::int64_t rank = integer(path, "NDims", field(path, header, "NDims"));
  std::vector<std::int64_t> extents;
  std::istringstream sizes(field(path, header, "DimSize"));
  for (std::string text; sizes >> text;) extents.push_back(integer(path, "DimSize", text));
  if (static_cast<std::int64_t>(extents.size()) != rank) {
    fail(path, "DimSize has " + std::to_string(extents.size()) +
                   " numbers, expected NDims = " + std::to_string(rank));
  }
  const std::uint64_t voxels = checked_voxel_count(path, "DimSize", extents, max_voxels);
  if (header.fields.contains("ElementNumberOfChannels") &&
      header.fields.at("ElementNumberOfChannels") != "1") {
    fail(path, "ElementNumberOfChannels is " + header.fields.at("ElementNumberOfChannels") +
                   ", expected 1");
  }
  const std::uint64_t needed = voxels * element_bytes(path, field(path, header, "ElementType"));
  if (header.fields.contains("HeaderSize")) {
    fail(path, "HeaderSize is set, expected voxels right after the header or in their own file");
  }
  const bool local = data_file == "LOCAL" || data_file == "Local" || data_file == "local";
  if (!local && (data_file == "LIST" || data_file.find('%') != std::string::npos)) {
    fail(path, "ElementDataFile is '" + data_file + "', expected LOCAL or the name of one file");
  }
  const std::filesystem::path holder = local ? path : path.parent_path() / data_file;
  if (!local && !std::filesystem::is_regular_file(holder)) {
    fail(path, "ElementDataFile is '" + data_file + "', no such file");
  }
  const std::uint64_t begin = local ? header.bytes : 0;
  const std::uint64_t stored = std::filesystem::file_size(holder);
  std::uint64_t found = stored > begin ? stored - begin : 0;
  const auto compressed = header.fields.find("CompressedData");
  if (compressed != header.fields.end() &&
      (compressed->second[0] == 'T' || compressed->second[0] == 't' ||
       compressed->second[0] == '1')) {
    Inflater contents(holder, begin);
    found = contents.skip_to_end(needed);
    if (found == needed && !contents.whole()) {
      fail(holder, "truncated: the checksum at the end of the compressed data is missing");
    }
  }
  if (found < needed) {
    fail(holder, "truncated: " + std::to_string(found) + " bytes of voxels, expected " +
                     std::to_string(needed));
  }
}

}  // namespace asyndgan::data::files
