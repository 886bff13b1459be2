// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of core/safetensors.hpp, which need a JSON parser.

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/core/impl/safetensors_header.hpp"
#include "asyndgan/core/safetensors.hpp"

namespace asyndgan::safetensors {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

namespace detail {

inline constexpr std::size_t kLengthBytes = 8;  // of the header's length, at the file's start
inline constexpr std::array<DType, 4> kTypes{DType::f64, DType::i64, DType::f32, DType::u8};

/// Bytes of an array; nothing if the number does not fit in 64 bits.
[[nodiscard]] inline std::optional<std::size_t> bytes_of(DType dtype, const Extents& extents) {
  // An extent of 0 makes the product 0, but must not hide an overflow that a reader which
  // multiplies in another order would meet.
  std::size_t product = element_size(dtype);
  bool empty = false;
  for (const std::size_t extent : extents) {
    empty = empty || extent == 0;
    if (__builtin_mul_overflow(product, std::max<std::size_t>(extent, 1), &product)) return {};
  }
  return empty ? 0 : product;
}

[[nodiscard]] inline std::string quoted(const std::string& name) { return "'" + name + "'"; }

/// Checks one description against the size of the data section and makes an array of it.
[[nodiscard]] inline Array checked(const Described& described, std::span<const std::byte> data,
                                   const std::string& source) {
  const auto fail = [&](const std::string& problem) {
    throw CheckpointError(source + ": tensor " + quoted(described.name) + " " + problem);
  };
  if (!described.dtype) fail("has no dtype");
  if (!described.shape) fail("has no shape");
  if (!described.offsets) fail("has no data_offsets");

  Array array;
  array.name = described.name;
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](DType candidate) {
    return *described.dtype == name_of(candidate);
  });
  if (type == kTypes.end()) {
    fail("has dtype " + quoted(*described.dtype) +
         ", of which this library reads F64, I64, F32, U8");
  }
  array.dtype = *type;
  array.extents.assign(described.shape->begin(), described.shape->end());
  const auto expected = bytes_of(array.dtype, array.extents);
  if (!expected) fail("has a shape too large to count: " + to_string(array.extents));
  if (described.offsets->size() != 2) fail("needs 2 data_offsets");
  const std::uint64_t begin = (*described.offsets)[0];
  const std::uint64_t end = (*described.offsets)[1];
  if (begin > end || end > data.size()) {
    fail("lies at bytes [" + std::to_string(begin) + ", " + std::to_string(end) + ") of " +
         std::to_string(data.size()));
  }
  if (end - begin != *expected) {
    fail("has " + std::to_string(end - begin) + " bytes, but " + name_of(array.dtype) + " " +
         to_string(array.extents) + " needs " + std::to_string(*expected));
  }
  array.bytes = data.subspan(begin, end - begin);
  return array;
}

/// Throws unless the arrays, in the order of their places, tile `data`.
inline void require_tiling(const std::map<std::string, Array>& arrays,
                           std::span<const std::byte> data, const std::string& source) {
  std::vector<const Array*> ordered;
  ordered.reserve(arrays.size());
  for (const auto& [name, array] : arrays) ordered.push_back(&array);
  std::sort(ordered.begin(), ordered.end(), [](const Array* a, const Array* b) {
    return std::pair(a->bytes.data(), a->bytes.size()) <
           std::pair(b->bytes.data(), b->bytes.size());
  });
  const std::byte* next = data.data();
  for (const Array* array : ordered) {
    if (array->bytes.data() != next) {
      throw CheckpointError(source + ": tensor " + quoted(array->name) + " begins at byte " +
                            std::to_string(array->bytes.data() - data.data()) +
                            " of the data, where the one before ends at " +
                            std::to_string(next - data.data()));
    }
    next += array->bytes.size();
  }
  if (next != data.data() + data.size()) {
    throw CheckpointError(source + ": " + std::to_string(data.data() + data.size() - next) +
                          " bytes at the end belong to no tensor");
  }
}

/// The header, with its length before it and spaces after it, so that the data are aligned.
[[nodiscard]] inline std::string header_of(std::span<const Array* const> arrays,
                                           const Metadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t begin = 0;
  for (const Array* array : arrays) {
    const std::size_t end = begin + array->bytes.size();
    header[array->name] = {{"dtype", name_of(array->dtype)},
                           {"shape", array->extents},
                           {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw ContractViolation("safetensors: a name or a metadata text is not UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const auto length = static_cast<std::uint64_t>(text.size());
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  return bytes + text;
}

/// The arrays in file order. Throws ContractViolation if they cannot make a file.
[[nodiscard]] inline std::vector<const Array*> in_file_order(std::span<const Array> arrays) {
  std::vector<const Array*> ordered;
  std::set<std::string> names{"__metadata__"};
  for (const Array& array : arrays) {
    if (!names.insert(array.name).second) {
      throw ContractViolation("safetensors: the name " + quoted(array.name) +
                              " is taken, by another tensor or by the format");
    }
    if (bytes_of(array.dtype, array.extents) != array.bytes.size()) {
      throw ContractViolation("safetensors: tensor " + quoted(array.name) + " has " +
                              std::to_string(array.bytes.size()) + " bytes, but is " +
                              name_of(array.dtype) + " " + to_string(array.extents));
    }
    ordered.push_back(&array);
  }
  std::sort(ordered.begin(), ordered.end(), [](const Array* a, const Array* b) {
    return a->dtype != b->dtype ? a->dtype < b->dtype : a->name < b->name;
  });
  return ordered;
}

}  // namespace detail

ASYNDGAN_INLINE std::size_t element_size(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
      return 4;
    case DType::u8:
      return 1;
  }
  throw ContractViolation("safetensors: unknown element type");
}

ASYNDGAN_INLINE const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return "F64";
    case DType::i64:
      return "I64";
    case DType::f32:
      return "F32";
    case DType::u8:
      return "U8";
  }
  throw ContractViolation("safetensors: unknown element type");
}

ASYNDGAN_INLINE std::string to_string(const Extents& extents) {
  std::string text = "[";
  for (std::size_t i = 0; i < extents.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(extents[i]);
  }
  return text + "]";
}

ASYNDGAN_INLINE File::File(std::vector<std::byte> bytes, std::string source)
    : source_(std::move(source)), bytes_(std::move(bytes)) {}

ASYNDGAN_INLINE File File::read(const std::filesystem::path& path, const Limits& limits) {
  return decode(read_file(path, limits.file_bytes), "'" + path.string() + "'", limits);
}

ASYNDGAN_INLINE File File::decode(std::vector<std::byte> bytes, std::string source,
                                  const Limits& limits) {
  File file(std::move(bytes), std::move(source));
  const auto fail = [&](const std::string& problem) {
    throw CheckpointError(file.source_ + ": " + problem);
  };
  const std::span<const std::byte> all(file.bytes_);
  if (all.size() < detail::kLengthBytes) {
    fail("too short for a safetensors file: " + std::to_string(all.size()) + " bytes");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, all.data(), detail::kLengthBytes);
  if (length > limits.header_bytes || length > all.size() - detail::kLengthBytes) {
    fail("a header of " + std::to_string(length) + " bytes is announced in a file of " +
         std::to_string(all.size()) + ": truncated, or not a safetensors file");
  }
  const std::string_view header(reinterpret_cast<const char*>(all.data()) + detail::kLengthBytes,
                                length);
  if (!header.starts_with('{')) fail("the header does not begin with '{'");
  // The parser takes a zero byte for the end of its input.
  if (header.find('\0') != header.npos) fail("the header has a zero byte in it");

  detail::HeaderEvents events;
  if (!nlohmann::json::sax_parse(header, &events)) fail(events.problem);
  const auto data = all.subspan(detail::kLengthBytes + length);
  for (const auto& described : events.arrays) {
    if (!file.arrays_.emplace(described.name, detail::checked(described, data, file.source_))
             .second) {
      fail("the header has key '" + described.name + "' twice");
    }
  }
  detail::require_tiling(file.arrays_, data, file.source_);
  file.metadata_ = std::move(events.metadata);
  return file;
}

ASYNDGAN_INLINE const Array& File::at(const std::string& name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) {
    throw CheckpointError(source_ + ": there is no tensor " + detail::quoted(name));
  }
  return found->second;
}

ASYNDGAN_INLINE void File::require_type(const Array& array, DType expected) const {
  if (array.dtype != expected) {
    throw CheckpointError(source_ + ": tensor " + detail::quoted(array.name) + " has dtype " +
                          name_of(array.dtype) + ", expected " + name_of(expected));
  }
}

ASYNDGAN_INLINE void File::copy_bytes(const Array& array, void* to) {
  if (!array.bytes.empty()) std::memcpy(to, array.bytes.data(), array.bytes.size());
}

ASYNDGAN_INLINE std::vector<std::byte> encode(std::span<const Array> arrays,
                                              const Metadata& metadata) {
  const auto ordered = detail::in_file_order(arrays);
  const std::string header = detail::header_of(ordered, metadata);
  const auto header_bytes = std::as_bytes(std::span(header));
  std::vector<std::byte> bytes(header_bytes.begin(), header_bytes.end());
  for (const Array* array : ordered) {
    bytes.insert(bytes.end(), array->bytes.begin(), array->bytes.end());
  }
  return bytes;
}

ASYNDGAN_INLINE void write(const std::filesystem::path& path, std::span<const Array> arrays,
                           const Metadata& metadata) {
  const auto ordered = detail::in_file_order(arrays);
  const std::string header = detail::header_of(ordered, metadata);
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(header)));
  for (const Array* array : ordered) file.write(array->bytes);
  file.commit();
}

}  // namespace asyndgan::safetensors
