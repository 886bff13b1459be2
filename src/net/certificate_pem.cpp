// SPDX-License-Identifier: Apache-2.0
#include "net/certificate_pem.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"

namespace asyndgan::transport {

namespace {

// A certificate has about 800 bytes, a list with 10,000 revoked ones half a megabyte.
constexpr std::size_t kMaxPemBytes = std::size_t{16} << 20;

std::string quoted(const std::filesystem::path& file) { return "'" + file.string() + "'"; }

/// A label of a PEM file, unless it could do things to a terminal.
std::string shown(std::string_view label) {
  const bool plain = std::all_of(label.begin(), label.end(), [](char c) {
    return c == ' ' || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  return plain ? "a '" + std::string(label) + "'" : "something else";
}

/// What stands between BEGIN and END of a PEM file, decoded, and overwritten at the end.
class Block {
 public:
  Block(const std::filesystem::path& file, const std::string& label) : file_(file) {
    std::vector<std::byte> text = read_file(file, kMaxPemBytes);
    const void* const start = text.empty() ? "" : static_cast<const void*>(text.data());
    const BioHandle source(
        require(BIO_new_mem_buf(start, static_cast<int>(text.size())), "take memory"));
    const int found = PEM_read_bio(source.get(), &name_, &header_, &data_, &size_);
    const bool none = found != 1 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    OPENSSL_cleanse(text.data(), text.size());
    if (found != 1) {
      const std::string reason = openssl_reason();
      throw CertificateError(
          quoted(file) + (none ? " is no PEM file" : " is damaged (" + reason + ")") +
          ", expected '-----BEGIN " + label + "-----', base64 and '-----END " + label + "-----'");
    }
    if (name_ != label) {
      const std::string seen = shown(name_);
      release();
      throw CertificateError(quoted(file) + " holds " + seen + ", expected a '" + label + "'");
    }
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { release(); }

  /// The object that `parse`, one of OpenSSL's d2i_ functions, makes of all of the bytes.
  template <class Handle, class Parse>
  [[nodiscard]] Handle parsed(const Parse& parse, const char* what) const {
    const unsigned char* at = data_;
    Handle made(parse(&at, size_));
    if (made == nullptr) {
      throw CertificateError(quoted(file_) + " is damaged: what it holds is no " + what + " (" +
                             openssl_reason() + ")");
    }
    if (at != data_ + size_) {
      throw CertificateError(quoted(file_) + " is damaged: " + std::to_string(data_ + size_ - at) +
                             " bytes too many behind its " + what);
    }
    return made;
  }

 private:
  void release() {
    OPENSSL_free(name_);
    OPENSSL_free(header_);
    OPENSSL_clear_free(data_, static_cast<std::size_t>(size_));
  }

  const std::filesystem::path& file_;
  char* name_ = nullptr;
  char* header_ = nullptr;
  unsigned char* data_ = nullptr;
  long size_ = 0;
};

template <class Write>
std::string written(const Write& write) {
  const BioHandle text(require(BIO_new(BIO_s_secmem()), "take memory"));  // overwritten when freed
  require(write(text.get()), "write PEM");
  char* start = nullptr;
  const long length = BIO_get_mem_data(text.get(), &start);
  return {start, static_cast<std::size_t>(length)};
}

}  // namespace

X509Handle read_certificate(const std::filesystem::path& file) {
  return Block(file, PEM_STRING_X509)
      .parsed<X509Handle>([](auto at, long size) { return d2i_X509(nullptr, at, size); },
                          "certificate");
}

RequestHandle read_request(const std::filesystem::path& file) {
  return Block(file, PEM_STRING_X509_REQ)
      .parsed<RequestHandle>([](auto at, long size) { return d2i_X509_REQ(nullptr, at, size); },
                             "certificate request");
}

RevocationsHandle read_revocations(const std::filesystem::path& file) {
  return Block(file, PEM_STRING_X509_CRL)
      .parsed<RevocationsHandle>([](auto at, long size) { return d2i_X509_CRL(nullptr, at, size); },
                                 "list of revoked certificates");
}

KeyHandle read_key(const std::filesystem::path& file) {
  return Block(file, PEM_STRING_PKCS8INF)
      .parsed<KeyHandle>([](auto at, long size) { return d2i_AutoPrivateKey(nullptr, at, size); },
                         "private key");
}

OwnCertificate read_pair(const std::filesystem::path& certificate,
                         const std::filesystem::path& key) {
  OwnCertificate own{read_certificate(certificate), read_key(key)};
  const EVP_PKEY* const certified = X509_get0_pubkey(own.certificate.get());
  const bool fits = certified != nullptr && EVP_PKEY_eq(certified, own.key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    throw CertificateError(quoted(key) + " is not the key of " + quoted(certificate));
  }
  return own;
}

OwnCertificate read_own(const std::filesystem::path& certificate,
                        const std::filesystem::path& key) {
  struct stat status {};
  if (::stat(key.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
    throw CertificateError("every user of this machine may read the key " + quoted(key) +
                           ": take that right away (chmod o-rwx)");
  }
  return read_pair(certificate, key);
}

std::string pem_text(X509& certificate) {
  return written([&](BIO* to) { return PEM_write_bio_X509(to, &certificate); });
}

std::string pem_text(X509_REQ& request) {
  return written([&](BIO* to) { return PEM_write_bio_X509_REQ(to, &request); });
}

std::string pem_text(X509_CRL& revocations) {
  return written([&](BIO* to) { return PEM_write_bio_X509_CRL(to, &revocations); });
}

std::string pem_text(EVP_PKEY& key) {
  return written([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, &key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

}  // namespace asyndgan::transport
