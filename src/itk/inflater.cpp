// SPDX-License-Identifier: Apache-2.0
#include "inflater.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"

namespace asyndgan::data::files {

namespace {
constexpr std::size_t kChunk = std::size_t{1} << 16;
constexpr int kDetectGzipOrZlib = 15 + 32;  // windowBits, see inflateInit2 in zlib.h
}  // namespace

Inflater::Inflater(std::filesystem::path path, std::uint64_t offset)
    : path_(std::move(path)), file_(path_, std::ios::binary), input_(kChunk) {
  file_.seekg(static_cast<std::streamoff>(offset));
  if (!file_) throw DataError("'" + path_.string() + "': cannot be opened");
  if (inflateInit2(&stream_, kDetectGzipOrZlib) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(&stream_); }

std::size_t Inflater::read(std::span<std::byte> to) {
  std::size_t got = 0;
  while (got < to.size()) {
    if (stream_.avail_in == 0) {
      file_.read(reinterpret_cast<char*>(input_.data()), static_cast<std::streamsize>(kChunk));
      stream_.next_in = input_.data();
      stream_.avail_in = static_cast<uInt>(file_.gcount());
      if (stream_.avail_in == 0) break;
    }
    if (between_streams_) {  // gzip files may be several streams one after the other
      inflateReset(&stream_);
      between_streams_ = false;
    }
    const std::size_t room =
        std::min<std::size_t>(to.size() - got, std::numeric_limits<uInt>::max());
    stream_.next_out = reinterpret_cast<unsigned char*>(to.data() + got);
    stream_.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t produced = room - stream_.avail_out;
    got += produced;
    delivered_ += produced;
    if (status == Z_STREAM_END) {
      between_streams_ = true;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      throw DataError("'" + path_.string() + "': compressed data is damaged after " +
                      std::to_string(delivered_) + " bytes (" +
                      (stream_.msg != nullptr ? stream_.msg : "not a gzip or zlib stream") + ")");
    }
  }
  return got;
}

std::uint64_t Inflater::skip_to_end(std::uint64_t most) {
  std::vector<std::byte> unused(std::size_t{1} << 20);
  while (delivered_ <= most && read(unused) == unused.size()) {
  }
  return delivered_;
}

}  // namespace asyndgan::data::files
