// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace asyndgan {

/// A bug in the caller: an argument that breaks a documented requirement.
class ContractViolation : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A tensor of a shape that the operation cannot take.
class ShapeError : public ContractViolation {
 public:
  using ContractViolation::ContractViolation;
};

/// A failure of the world: a file, a peer, a device. Every message names what was seen and
/// what was expected. `docs/errors.md` says what a caller may do about each kind.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An image, volume or data set that cannot be read or does not fit together.
class DataError : public Error {
 public:
  using Error::Error;
};

/// A configuration with an unknown key, a wrong type or a value out of range.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// A checkpoint that is damaged or belongs to another network.
class CheckpointError : public Error {
 public:
  using Error::Error;
};

/// A file that could not be written whole. The previous version is still in place.
class WriteError : public Error {
 public:
  using Error::Error;
};

/// A certificate, key or list of revoked certificates that is damaged or does not fit, or one
/// that the authority refuses to make.
class CertificateError : public Error {
 public:
  using Error::Error;
};

/// Training whose numbers are no longer finite.
class DivergenceError : public Error {
 public:
  using Error::Error;
};

/// A request that a site's release policy refuses.
class PolicyError : public Error {
 public:
  using Error::Error;
};

/// Bytes from a peer that are not a valid message, or one that does not fit the run; what a site
/// throws that the centre refuses.
class ProtocolError : public Error {
 public:
  using Error::Error;
};

/// A peer that is gone.
class TransportError : public Error {
 public:
  using Error::Error;
};

/// The centre has given this site's place to a newer program of the site. To try again is no use.
class TransportReplaced : public TransportError {
 public:
  using TransportError::TransportError;
};

/// A peer that did not answer within the limit.
class TransportTimeout : public TransportError {
 public:
  using TransportError::TransportError;
};

/// An accelerator call that failed, with the vendor's code.
class DeviceError : public Error {
 public:
  using Error::Error;
};

}  // namespace asyndgan
