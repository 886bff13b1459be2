// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"

/// The safetensors file format: 8 bytes of header length, a JSON header that gives every
/// array's type, shape and place, then the bytes of the arrays without gaps, little-endian.
///
/// Source  https://github.com/huggingface/safetensors, section "Format".
namespace asyndgan::safetensors {

/// In the order in which arrays are laid out in a file, so that each begins at a multiple of
/// its element size.
enum class DType : std::uint8_t { f64, i64, f32, u8 };

[[nodiscard]] std::size_t element_size(DType dtype);
[[nodiscard]] const char* name_of(DType dtype);  // "F64", "I64", "F32", "U8"

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::u8;
};

/// Outermost first; empty for a scalar.
using Extents = std::vector<std::size_t>;
/// "[64, 3, 7, 7]"
[[nodiscard]] std::string to_string(const Extents& extents);

/// A named array of which somebody else owns the bytes.
struct Array {
  std::string name;
  DType dtype = DType::f32;
  Extents extents;
  std::span<const std::byte> bytes;
};

/// Text about the file, such as the version of the program that wrote it.
using Metadata = std::map<std::string, std::string>;

/// Limits on what a file is believed to be before memory is taken for it.
struct Limits {
  std::size_t file_bytes = std::size_t{16} << 30;  // 20 times the largest checkpoint here
  std::size_t header_bytes = 100'000'000;          // the format's own limit
};

/// A parsed file, which owns all bytes.
///
/// Ensures  every array lies inside the file, has the size that its type and shape say, and
///          arrays neither overlap nor leave gaps; names are unique. The values are not looked
///          at: they may be NaN.
/// Errors   CheckpointError naming the source and what is wrong; DataError where the file
///          cannot be read at all.
class File {
 public:
  [[nodiscard]] static File read(const std::filesystem::path& path, const Limits& limits = {});
  /// `source` names the bytes in messages.
  [[nodiscard]] static File decode(std::vector<std::byte> bytes, std::string source,
                                   const Limits& limits = {});

  File(const File&) = delete;  // the arrays point into bytes_
  File& operator=(const File&) = delete;
  File(File&&) = default;
  File& operator=(File&&) = default;
  ~File() = default;

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const Metadata& metadata() const { return metadata_; }
  [[nodiscard]] const std::map<std::string, Array>& arrays() const { return arrays_; }

  [[nodiscard]] bool contains(const std::string& name) const { return arrays_.contains(name); }
  /// Throws CheckpointError if there is no such array.
  [[nodiscard]] const Array& at(const std::string& name) const;
  /// The elements of an array of exactly this type. Throws CheckpointError.
  template <class T>
  [[nodiscard]] std::vector<T> values(const std::string& name) const {
    const Array& array = at(name);
    require_type(array, DTypeOf<T>::value);
    std::vector<T> values(array.bytes.size() / sizeof(T));
    copy_bytes(array, values.data());
    return values;
  }

 private:
  File(std::vector<std::byte> bytes, std::string source);
  void require_type(const Array& array, DType expected) const;
  static void copy_bytes(const Array& array, void* to);

  std::string source_;
  std::vector<std::byte> bytes_;
  Metadata metadata_;
  std::map<std::string, Array> arrays_;
};

/// The bytes of a file. The same arrays give the same bytes, in whatever order they come.
/// Throws ContractViolation if two arrays have one name, a name is "__metadata__", or the size
/// of the bytes is not what type and shape say.
[[nodiscard]] std::vector<std::byte> encode(std::span<const Array> arrays,
                                            const Metadata& metadata = {});

/// Writes the file, all or nothing, without a second copy of the arrays in memory. Throws
/// WriteError, and as encode() does.
void write(const std::filesystem::path& path, std::span<const Array> arrays,
           const Metadata& metadata = {});

}  // namespace asyndgan::safetensors

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/core/impl/safetensors.hpp"
#endif
