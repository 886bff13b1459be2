// SPDX-License-Identifier: Apache-2.0
// No include guard: src/compiled/vector_ops.cpp includes this file once per instruction set.

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "asyndgan/core/random.hpp"
#include "asyndgan/kernels/cpu/vector_ops.hpp"

HWY_BEFORE_NAMESPACE();
namespace asyndgan::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Most loops without a reduction or a function are left to the compiler, which vectorises them for
// the instruction set of this namespace. Conditions choose between constant factors: of two
// results, the compiler would work out only the one that is needed, with a branch, and stay scalar.

/// mask[i] = flag(i) for i in [0, n). Flags of T's width come first, as compilers vectorise a
/// comparison that keeps the width, and then a conversion, but not both at once.
template <class T, class F>
HWY_INLINE void write_mask(std::size_t n, unsigned char* HWY_RESTRICT mask, const F& flag) {
  constexpr std::size_t kChunk = 256;
  hwy::MakeUnsigned<T> flags[kChunk];
  for (std::size_t first = 0; first < n; first += kChunk) {
    const std::size_t count = std::min(kChunk, n - first);
    for (std::size_t i = 0; i < count; ++i) flags[i] = flag(first + i) ? 1 : 0;
    for (std::size_t i = 0; i < count; ++i) mask[first + i] = static_cast<unsigned char>(flags[i]);
  }
}

/// Not value > largest: a NaN must win, and stay.
template <class V>
HWY_INLINE auto stays(V largest, V value) {
  return hn::Or(hn::Le(value, largest), hn::Not(hn::Eq(largest, largest)));
}

template <class T>
void halve(std::size_t n, const T* HWY_RESTRICT upper, const T* HWY_RESTRICT lower,
           unsigned char* HWY_RESTRICT winners, T* HWY_RESTRICT largest) {
  constexpr std::size_t kChunk = 256;
  hwy::MakeUnsigned<T> taps[kChunk];  // of T's width, as in write_mask()
  const auto pool = [&](auto d, std::size_t i, auto load) HWY_ATTR {
    const hn::RebindToUnsigned<decltype(d)> whole;
    hn::Vec<decltype(d)> value[4];
    load(d, upper + 2 * i, value[0], value[1]);
    load(d, lower + 2 * i, value[2], value[3]);
    auto tap = hn::Zero(whole);
    for (unsigned k = 1; k < 4; ++k) {
      const auto keep = stays(value[0], value[k]);
      value[0] = hn::IfThenElse(keep, value[0], value[k]);
      tap = hn::IfThenElse(hn::RebindMask(whole, keep), tap, hn::Set(whole, k));
    }
    hn::StoreU(value[0], d, largest + i);
    hn::StoreU(tap, whole, taps + i % kChunk);
  };
  const auto one_pair = [](auto d, const T* from, auto& even, auto& odd) HWY_ATTR {
    even = hn::LoadU(d, from);
    odd = hn::LoadU(d, from + 1);
  };
  for (std::size_t first = 0; first < n; first += kChunk) {
    const std::size_t end = std::min(n, first + kChunk);
    std::size_t i = first;
#if HWY_TARGET != HWY_SCALAR
    const hn::ScalableTag<T> d;
    const auto pairs = [](auto tag, const T* from, auto& even, auto& odd)
                           HWY_ATTR { hn::LoadInterleaved2(tag, from, even, odd); };
    for (; i + hn::Lanes(d) <= end; i += hn::Lanes(d)) pool(d, i, pairs);
#endif
    for (; i < end; ++i) pool(hn::CappedTag<T, 1>(), i, one_pair);
    for (i = first; i < end; ++i) winners[i] = static_cast<unsigned char>(taps[i - first]);
  }
}

template <class T>
void rectify(std::size_t n, T slope, T* HWY_RESTRICT x, unsigned char* HWY_RESTRICT open) {
  write_mask<T>(n, open, [x](std::size_t i) HWY_ATTR { return x[i] > 0; });
  const hn::ScalableTag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {  // compilers branch, and half of the branches go wrong
    const auto value = hn::LoadU(d, x + i);
    const auto scaled = hn::Mul(value, hn::Set(d, slope));
    hn::StoreU(hn::IfThenElse(hn::Lt(value, hn::Zero(d)), scaled, value), d, x + i);
  }
  for (; i < n; ++i) x[i] *= x[i] < 0 ? slope : T(1);
}

template <class T>
void select_scale(std::size_t n, const unsigned char* HWY_RESTRICT mask, T where_1, T where_0,
                  const T* HWY_RESTRICT d_y, T* HWY_RESTRICT d_x) {
  for (std::size_t i = 0; i < n; ++i) d_x[i] = d_y[i] * (mask[i] != 0 ? where_1 : where_0);
}

template <class T>
void drop(std::size_t n, const std::uint32_t* HWY_RESTRICT bits, std::uint32_t threshold, T scale,
          T* HWY_RESTRICT x, unsigned char* HWY_RESTRICT kept) {
  write_mask<T>(n, kept,
                [bits, threshold](std::size_t i) HWY_ATTR { return bits[i] >= threshold; });
  for (std::size_t i = 0; i < n; ++i) x[i] *= bits[i] >= threshold ? scale : T(0);
}

/// The first `count` lanes from memory, 0 in the others.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_some(D d, const T* from, std::size_t count) {
  HWY_ALIGN T lanes[hn::MaxLanes(D())] = {};
  std::copy_n(from, count, lanes);
  return hn::Load(d, lanes);
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_some(hn::Vec<D> v, D d, T* to, std::size_t count) {
  HWY_ALIGN T lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  std::copy_n(lanes, count, to);
}

/// x = f(x), vector by vector.
template <class T, class F>
HWY_INLINE void map_in_place(std::size_t n, T* x, const F& f) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, hn::LoadU(d, x + i)), d, x + i);
  if (i < n) store_some(f(d, load_some(d, x + i, n - i)), d, x + i, n - i);
}

/// Highway's functions make numbers of NaN in places; here it stays.
template <class V>
HWY_INLINE V keep_nan(V x, V value) {
  return hn::IfThenElse(hn::Eq(x, x), value, x);
}

template <class T>
void tanh(std::size_t n, T* x) {
  map_in_place(n, x, [](auto d, auto v) HWY_ATTR { return keep_nan(v, hn::Tanh(d, v)); });
}

template <class T>
void sigmoid(std::size_t n, T* x) {
  map_in_place(n, x, [](auto d, auto v) HWY_ATTR {
    const auto one = hn::Set(d, T(1));
    const auto decayed = hn::Exp(d, hn::Neg(hn::Abs(v)));  // at most 1: cannot overflow
    const auto above = hn::IfThenElse(hn::Lt(v, hn::Zero(d)), decayed, one);
    return keep_nan(v, hn::Div(above, hn::Add(one, decayed)));
  });
}

template <class T>
void exponentials(std::size_t n, const T* HWY_RESTRICT z, const T* HWY_RESTRICT largest,
                  T* HWY_RESTRICT e, T* HWY_RESTRICT sums) {
  for (std::size_t i = 0; i < n; ++i) e[i] = z[i] - largest[i];
  map_in_place(n, e, [](auto d, auto v) HWY_ATTR { return keep_nan(v, hn::Exp(d, v)); });
  for (std::size_t i = 0; i < n; ++i) sums[i] += e[i];
}

/// Sum of f(vectors of the inputs): four accumulators, so that additions need not wait for each
/// other, emptied into a double every 64 rounds, so that the error stays near that of a double
/// sum.
template <class T, class F, class... Inputs>
HWY_INLINE double reduce(std::size_t n, const F& f, const Inputs*... inputs) {
  constexpr std::size_t kAccumulators = 4;
  constexpr std::size_t kRounds = 64;
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  double total = 0;
  const auto empty = [&](auto v) HWY_ATTR {
    HWY_ALIGN T values[hn::MaxLanes(d)];
    hn::Store(v, d, values);
    for (std::size_t l = 0; l < lanes; ++l) total += static_cast<double>(values[l]);
  };
  std::size_t i = 0;
  while (i + kAccumulators * lanes <= n) {
    auto sum0 = hn::Zero(d);
    auto sum1 = hn::Zero(d);
    auto sum2 = hn::Zero(d);
    auto sum3 = hn::Zero(d);
    for (std::size_t round = 0; round < kRounds && i + kAccumulators * lanes <= n;
         ++round, i += kAccumulators * lanes) {
      sum0 = hn::Add(sum0, f(d, hn::LoadU(d, inputs + i)...));
      sum1 = hn::Add(sum1, f(d, hn::LoadU(d, inputs + i + lanes)...));
      sum2 = hn::Add(sum2, f(d, hn::LoadU(d, inputs + i + 2 * lanes)...));
      sum3 = hn::Add(sum3, f(d, hn::LoadU(d, inputs + i + 3 * lanes)...));
    }
    empty(hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3)));
  }
  for (; i < n; i += lanes) {
    const std::size_t count = std::min(lanes, n - i);
    const auto part = f(d, load_some(d, inputs + i, count)...);
    empty(hn::IfThenElseZero(hn::FirstN(d, count), part));
  }
  return total;
}

template <class T>
double sum(std::size_t n, const T* x) {
  return reduce<T>(
      n, [](auto, auto v) HWY_ATTR { return v; }, x);
}

template <class T>
double sum_squares(std::size_t n, const T* x, T center) {
  return reduce<T>(
      n,
      [center](auto d, auto v) HWY_ATTR {
        const auto offset = hn::Sub(v, hn::Set(d, center));
        return hn::Mul(offset, offset);
      },
      x);
}

/// What a norm makes of a vector, before the rectifier. Both ways take its sign from here, so that
/// they agree on it to the last digit.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V normalized(D d, const NormMap<hn::TFromD<D>>& map, V x) {
  return hn::MulAdd(hn::Sub(x, hn::Set(d, map.center)), hn::Set(d, map.scale),
                    hn::Set(d, map.bias));
}

/// The way back of the rectifier.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V rectified_gradient(D d, const NormMap<hn::TFromD<D>>& map, V d_y, V x) {
  const auto open = hn::Gt(normalized(d, map, x), hn::Zero(d));
  return hn::IfThenElse(open, d_y, hn::Mul(d_y, hn::Set(d, map.slope)));
}

/// Calls f(d, i) for whole vectors from i on, and for single elements at the end.
template <class T, class F>
HWY_INLINE void for_each_vector(std::size_t n, const F& f) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) f(d, i);
  const hn::CappedTag<T, 1> one;
  for (; i < n; ++i) f(one, i);
}

template <class T>
void normalize(std::size_t n, const NormMap<T>& map, const T* HWY_RESTRICT x, T* HWY_RESTRICT y) {
  for_each_vector<T>(n, [=, &map](auto d, std::size_t i) HWY_ATTR {
    const auto value = normalized(d, map, hn::LoadU(d, x + i));
    const auto scaled = hn::Mul(value, hn::Set(d, map.slope));
    hn::StoreU(hn::IfThenElse(hn::Lt(value, hn::Zero(d)), scaled, value), d, y + i);
  });
}

template <class T>
GradientSums gradient_sums(std::size_t n, const NormMap<T>& map, const T* d_y, const T* x) {
  // In pieces that stay in the first-level cache between the two sums.
  constexpr std::size_t kPiece = 1024;
  T g[kPiece];
  GradientSums sums;
  for (std::size_t first = 0; first < n; first += kPiece) {
    const std::size_t count = std::min(kPiece, n - first);
    for_each_vector<T>(count, [&](auto d, std::size_t i) HWY_ATTR {
      const auto from = hn::LoadU(d, d_y + first + i);
      hn::StoreU(rectified_gradient(d, map, from, hn::LoadU(d, x + first + i)), d, g + i);
    });
    sums.g += sum(count, g);
    sums.g_offset += reduce<T>(
        count,
        [center = map.center](auto d, auto v, auto at)
            HWY_ATTR { return hn::Mul(v, hn::Sub(at, hn::Set(d, center))); },
        static_cast<const T*>(g), x + first);
  }
  return sums;
}

template <class T>
void norm_gradient(std::size_t n, const NormMap<T>& map, const T* d_y, const T* x, T mean, T spread,
                   T* d_x) {
  for_each_vector<T>(n, [=, &map](auto d, std::size_t i) HWY_ATTR {
    const auto value = hn::LoadU(d, x + i);
    const auto g = rectified_gradient(d, map, hn::LoadU(d, d_y + i), value);
    const auto offset = hn::Sub(value, hn::Set(d, map.center));
    const auto centred = hn::Sub(g, hn::Set(d, mean));
    hn::StoreU(hn::Mul(hn::NegMulAdd(offset, hn::Set(d, spread), centred), hn::Set(d, map.scale)),
               d, d_x + i);
  });
}

/// One vector of adam_step; see there.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE bool adam_vector(D d, const AdamFactors<T>& k, const T* gradient, T* value, T* m, T* v) {
  const auto old = hn::LoadU(d, value);
  const auto g = hn::MulAdd(hn::Set(d, k.gradient_decay), old, hn::LoadU(d, gradient));
  const auto mean =
      hn::MulAdd(hn::Set(d, k.beta1), hn::LoadU(d, m), hn::Mul(hn::Set(d, k.rest1), g));
  const auto square =
      hn::MulAdd(hn::Set(d, k.beta2), hn::LoadU(d, v), hn::Mul(hn::Mul(hn::Set(d, k.rest2), g), g));
  const auto root = hn::MulAdd(hn::Sqrt(square), hn::Set(d, k.root_scale), hn::Set(d, k.epsilon));
  const auto change = hn::Div(hn::Mul(hn::Set(d, k.step_size), mean), root);
  const auto finite = hn::And(hn::IsFinite(mean), hn::IsFinite(square));
  const auto updated = hn::MulSub(old, hn::Set(d, k.value_factor), change);
  hn::StoreU(hn::IfThenElse(finite, mean, hn::LoadU(d, m)), d, m);
  hn::StoreU(hn::IfThenElse(finite, square, hn::LoadU(d, v)), d, v);
  hn::StoreU(hn::IfThenElse(finite, updated, old), d, value);
  return hn::AllTrue(d, finite);
}

template <class T>
bool adam(std::size_t n, const AdamFactors<T>& k, const T* gradient, T* value, T* m, T* v) {
  bool all_finite = true;
  for_each_vector<T>(n, [=, &k, &all_finite](auto d, std::size_t i) HWY_ATTR {
    if (!adam_vector(d, k, gradient + i, value + i, m + i, v + i)) all_finite = false;
  });
  return all_finite;
}

#if HWY_TARGET == HWY_SCALAR

inline void philox(std::size_t blocks, std::uint64_t number, std::array<std::uint32_t, 4> counter,
                   std::array<std::uint32_t, 2> key, std::uint32_t* HWY_RESTRICT out) {
  for (std::size_t b = 0; b < blocks; ++b) {
    counter[0] = static_cast<std::uint32_t>(number + b);
    counter[1] = static_cast<std::uint32_t>((number + b) >> 32);
    const auto words = random::philox(counter, key);
    std::copy(words.begin(), words.end(), out + 4 * b);
  }
}

#else

/// High and low halves of the 64-bit products of all lanes with one number.
template <class D>
HWY_INLINE void multiply_wide(D d, hn::Vec<D> a, std::uint64_t factor, hn::Vec<D>& high,
                              hn::Vec<D>& low) {
  const hn::RepartitionToWide<D> wide;
  const auto b = hn::Set(d, static_cast<std::uint32_t>(factor));
  const auto even = hn::MulEven(a, b);
  const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, a))), b);
  high = hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
  low = hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even));
}

/// One lane a block.
inline void philox(std::size_t blocks, std::uint64_t number, std::array<std::uint32_t, 4> counter,
                   std::array<std::uint32_t, 2> key, std::uint32_t* HWY_RESTRICT out) {
  const hn::ScalableTag<std::uint32_t> d;
  constexpr std::size_t kMaxLanes = hn::MaxLanes(d);
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t b = 0; b < blocks; b += lanes) {
    HWY_ALIGN std::uint32_t low_words[kMaxLanes];
    HWY_ALIGN std::uint32_t high_words[kMaxLanes];
    for (std::size_t l = 0; l < lanes; ++l) {
      low_words[l] = static_cast<std::uint32_t>(number + b + l);
      high_words[l] = static_cast<std::uint32_t>((number + b + l) >> 32);
    }
    auto c0 = hn::Load(d, low_words);
    auto c1 = hn::Load(d, high_words);
    auto c2 = hn::Set(d, counter[2]);
    auto c3 = hn::Set(d, counter[3]);
    std::array<std::uint32_t, 2> round_key = key;
    for (int round = 0; round < random::kPhiloxRounds; ++round) {
      hn::Vec<decltype(d)> high0, low0, high1, low1;
      multiply_wide(d, c0, random::kPhiloxMultipliers[0], high0, low0);
      multiply_wide(d, c2, random::kPhiloxMultipliers[1], high1, low1);
      c0 = hn::Xor(hn::Xor(high1, c1), hn::Set(d, round_key[0]));
      c1 = low1;
      c2 = hn::Xor(hn::Xor(high0, c3), hn::Set(d, round_key[1]));
      c3 = low0;
      round_key[0] += random::kPhiloxWeyl[0];
      round_key[1] += random::kPhiloxWeyl[1];
    }
    HWY_ALIGN std::uint32_t words[4 * kMaxLanes];
    hn::StoreInterleaved4(c0, c1, c2, c3, d, words);
    std::copy_n(words, 4 * std::min(lanes, blocks - b), out + 4 * b);
  }
}

#endif

template <class T>
const VectorOps<T>& vector_table() {
  static constexpr VectorOps<T> kTable{.rectify = rectify<T>,
                                       .select_scale = select_scale<T>,
                                       .tanh = tanh<T>,
                                       .sigmoid = sigmoid<T>,
                                       .halve = halve<T>,
                                       .sum = sum<T>,
                                       .sum_squares = sum_squares<T>,
                                       .normalize = normalize<T>,
                                       .gradient_sums = gradient_sums<T>,
                                       .norm_gradient = norm_gradient<T>,
                                       .exponentials = exponentials<T>,
                                       .adam = adam<T>,
                                       .drop = drop<T>,
                                       .philox = philox};
  return kTable;
}

// Plain functions, which HWY_EXPORT can name.
inline const VectorOps<float>* vector_table_float() { return &vector_table<float>(); }
inline const VectorOps<double>* vector_table_double() { return &vector_table<double>(); }

}  // namespace asyndgan::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
