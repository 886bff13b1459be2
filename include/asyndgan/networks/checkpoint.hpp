// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/safetensors.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/networks/network.hpp"

/// Networks on disk: safetensors files with PyTorch's names, layouts and element types, so that
/// `net.load_state_dict(safetensors.torch.load_file(path))` takes them, and the way back.
///
/// A State can hold more than a network: an optimiser's moments, averaged weights, counters. A
/// run is resumed bit for bit from a State that holds all of them.
namespace asyndgan::networks {

using safetensors::Metadata;

/// The metadata key of describe(): which network a file is of.
inline constexpr const char* kArchitectureKey = "architecture";

struct SaveOptions {
  /// Write NaN and infinity too. Without it a run that has diverged cannot overwrite its last
  /// good checkpoint.
  bool allow_non_finite = false;
};

struct LoadOptions {
  /// Refuse a file that says it is of another network; a file that says nothing passes.
  std::string architecture = {};
  /// Accept tensors that the state has no place for, such as a classifier behind features.
  bool allow_extra = false;
  /// Accept NaN and infinity, to look at a run that diverged.
  bool allow_non_finite = false;
};

namespace detail {

/// A vector per channel has rank 1 in PyTorch.
[[nodiscard]] inline safetensors::Extents extents_of(const Shape& shape, int rank) {
  const auto extent = [](int value) { return static_cast<std::size_t>(value); };
  if (rank == 1) return {shape.size()};
  return {extent(shape.n), extent(shape.c), extent(shape.h), extent(shape.w)};
}
[[nodiscard]] inline int rank_of_buffer(const Shape& shape) {
  return shape.n == 1 && shape.h == 1 && shape.w == 1 ? 1 : 4;
}

/// A single number has no extent, as PyTorch's num_batches_tracked.
template <class Counter>
[[nodiscard]] safetensors::Extents extents_of(const Counter& counter) {
  if (counter.list == 0) return {};
  return {counter.list};
}
template <class Counter>
[[nodiscard]] std::span<const std::int64_t> numbers_of(const Counter& counter) {
  return {counter.count, counter.list == 0 ? 1 : counter.list};
}

/// One tensor of a State and its place in a file.
template <std::floating_point T, Device D>
struct Place {
  std::string name;
  Tensor<T, D>* tensor;
  safetensors::Extents extents;
};

template <std::floating_point T, Device D>
[[nodiscard]] std::vector<Place<T, D>> places_of(const State<T, D>& state) {
  std::vector<Place<T, D>> places;
  for (const auto& [name, parameter] : state.parameters) {
    auto& value = parameter->value;
    places.push_back({name, &value, extents_of(value.shape(), parameter->rank)});
  }
  for (const auto& [name, tensor] : state.buffers) {
    places.push_back({name, tensor, extents_of(tensor->shape(), rank_of_buffer(tensor->shape()))});
  }
  return places;
}

/// The elements on the host: in place, or in a copy that `storage` keeps.
template <std::floating_point T, Device D>
[[nodiscard]] std::span<const T> on_host(const Tensor<T, D>& tensor,
                                         std::deque<std::vector<T>>& storage) {
  if constexpr (requires { tensor.values(); }) {
    return tensor.values();
  } else {
    return storage.emplace_back(tensor.to_host());
  }
}

template <std::floating_point T>
void require_finite(std::span<const T> values, const std::string& name, const std::string& where) {
  const auto count =
      std::count_if(values.begin(), values.end(), [](T value) { return !std::isfinite(value); });
  if (count > 0) {
    throw CheckpointError(where + ": tensor '" + name + "' has " + std::to_string(count) + " of " +
                          std::to_string(values.size()) + " values that are not finite");
  }
}

/// All of `state`; `storage` keeps what is not on the host. Values that are not finite are refused
/// for what `refusal` says, or pass where it is empty.
template <std::floating_point T, Device D>
[[nodiscard]] std::vector<safetensors::Array> arrays_of(const State<T, D>& state,
                                                        std::deque<std::vector<T>>& storage,
                                                        const std::string& refusal) {
  std::vector<safetensors::Array> arrays;
  for (const auto& place : places_of(state)) {
    const std::span<const T> values = on_host(*place.tensor, storage);
    if (!refusal.empty()) require_finite(values, place.name, refusal);
    arrays.push_back(
        {place.name, safetensors::DTypeOf<T>::value, place.extents, std::as_bytes(values)});
  }
  for (const auto& counter : state.counters) {
    arrays.push_back({counter.name, safetensors::DType::i64, extents_of(counter),
                      std::as_bytes(numbers_of(counter))});
  }
  for (const auto& [name, value] : state.reals) {
    arrays.push_back(
        {name, safetensors::DType::f64, {}, std::as_bytes(std::span<const double, 1>(value, 1))});
  }
  return arrays;
}

/// "'a', 'b', 'c' and 4 more"
[[nodiscard]] inline std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) {
    text += (i == 0 ? "'" : ", '") + names[i] + "'";
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

/// Throws unless the file has an array for each name, and none beside them.
inline void require_names(const safetensors::File& file, const std::set<std::string>& expected,
                          bool allow_extra) {
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  for (const auto& name : expected) {
    if (!file.contains(name)) missing.push_back(name);
  }
  for (const auto& [name, array] : file.arrays()) {
    if (!allow_extra && !expected.contains(name)) extra.push_back(name);
  }
  if (missing.empty() && extra.empty()) return;
  throw CheckpointError(file.source() + " is of another network:" +
                        (missing.empty() ? "" : " it lacks " + listed(missing)) +
                        (missing.empty() || extra.empty() ? "" : ";") +
                        (extra.empty() ? "" : " it has " + listed(extra) + " too many"));
}

inline void require_form(const safetensors::File& file, const std::string& name,
                         safetensors::DType dtype, const safetensors::Extents& extents) {
  const auto& array = file.at(name);
  if (array.dtype != dtype || array.extents != extents) {
    throw CheckpointError(file.source() + ": tensor '" + name + "' is " +
                          safetensors::name_of(array.dtype) + " " +
                          safetensors::to_string(array.extents) + ", this network needs " +
                          safetensors::name_of(dtype) + " " + safetensors::to_string(extents));
  }
}

/// The numbers of an array, whose form has been looked at.
template <class Number>
void copy(const safetensors::File& file, const std::string& name, Number* to) {
  const auto bytes = file.at(name).bytes;
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
}

}  // namespace detail

/// Writes all of `state` to one file, all or nothing.
///
/// Errors  CheckpointError naming a tensor with values that are not finite, WriteError; the
///         previous version then stays. ContractViolation if two tensors have one name.
template <std::floating_point T, Device D>
void save_checkpoint(const std::filesystem::path& path, const State<T, D>& state,
                     Metadata metadata = {}, const SaveOptions& options = {}) {
  metadata.emplace("format", "pt");  // what Python's loaders ask for
  std::deque<std::vector<T>> storage;
  const std::string refusal = "not saved: '" + path.string() + "'";
  safetensors::write(
      path, detail::arrays_of(state, storage, options.allow_non_finite ? "" : refusal), metadata);
}

/// The bytes of such a file, values that are not finite included.
template <std::floating_point T, Device D>
[[nodiscard]] std::vector<std::byte> encode_checkpoint(const State<T, D>& state,
                                                       const Metadata& metadata = {}) {
  std::deque<std::vector<T>> storage;
  return safetensors::encode(detail::arrays_of(state, storage, ""), metadata);
}

/// Fills all of `state` from a file, or throws and changes nothing.
///
/// Ensures  returns the file's metadata.
/// Errors   CheckpointError naming what differs: architecture, names, shape, element type,
///          values that are not finite.
template <std::floating_point T, Device D>
Metadata load_checkpoint(const safetensors::File& file, State<T, D>& state,
                         const LoadOptions& options = {}) {
  const auto said = file.metadata().find(kArchitectureKey);
  if (!options.architecture.empty() && said != file.metadata().end() &&
      said->second != options.architecture) {
    throw CheckpointError(file.source() + " is of another network: it holds '" + said->second +
                          "', expected '" + options.architecture + "'");
  }
  const auto places = detail::places_of(state);
  std::set<std::string> names;
  for (const auto& place : places) names.insert(place.name);
  for (const auto& counter : state.counters) names.insert(counter.name);
  for (const auto& real : state.reals) names.insert(real.name);
  detail::require_names(file, names, options.allow_extra);

  for (const auto& counter : state.counters) {
    detail::require_form(file, counter.name, safetensors::DType::i64, detail::extents_of(counter));
  }
  for (const auto& real : state.reals) {
    detail::require_form(file, real.name, safetensors::DType::f64, {});
    if (!options.allow_non_finite) {
      const auto values = file.values<double>(real.name);
      detail::require_finite(std::span<const double>(values), real.name, file.source());
    }
  }
  for (const auto& place : places) {
    detail::require_form(file, place.name, safetensors::DTypeOf<T>::value, place.extents);
    if (!options.allow_non_finite) {
      const std::vector<T> values = file.values<T>(place.name);
      detail::require_finite(std::span<const T>(values), place.name, file.source());
    }
  }
  Metadata metadata = file.metadata();
  // In place, and so without memory that there may not be: nothing below throws on the host.
  for (const auto& place : places) {
    const auto bytes = file.at(place.name).bytes;
    if (!bytes.empty()) D::copy_from_host(place.tensor->data(), bytes.data(), bytes.size());
  }
  for (const auto& counter : state.counters) detail::copy(file, counter.name, counter.count);
  for (const auto& real : state.reals) detail::copy(file, real.name, real.value);
  return metadata;
}

/// Errors  DataError too, where the file cannot be read.
template <std::floating_point T, Device D>
Metadata load_checkpoint(const std::filesystem::path& path, State<T, D>& state,
                         const LoadOptions& options = {}) {
  return load_checkpoint(safetensors::File::read(path), state, options);
}

/// save_checkpoint() of one network, with its describe() in the metadata.
template <Network N>
void save_network(const std::filesystem::path& path, N& network, Metadata metadata = {},
                  const SaveOptions& options = {}) {
  State<typename N::Scalar, typename N::Place> state;
  network.collect("", state);
  metadata[kArchitectureKey] = network.describe();
  save_checkpoint(path, state, std::move(metadata), options);
}

/// load_checkpoint() of one network; a file that says it is of another one is refused by that.
template <Network N>
Metadata load_network(const std::filesystem::path& path, N& network, LoadOptions options = {}) {
  State<typename N::Scalar, typename N::Place> state;
  network.collect("", state);
  if (options.architecture.empty()) options.architecture = network.describe();
  return load_checkpoint(path, state, options);
}

}  // namespace asyndgan::networks
