// Kernels written once for vectors of any length, and run with the longest that the processor has.

#pragma once

#include <cstdint>

#define INLINE inline __attribute__((always_inline))

namespace skinlesion {

// Floats that are computed together. They may begin at any address.
using Vector4 = float __attribute__((vector_size(16), aligned(4), may_alias));
using Vector8 = float __attribute__((vector_size(32), aligned(4), may_alias));
using Vector16 = float __attribute__((vector_size(64), aligned(4), may_alias));

template <typename V>
constexpr int64_t LENGTH = sizeof(V) / sizeof(float);

template <typename V>
INLINE V& at(float* address) {
  return *reinterpret_cast<V*>(address);
}

template <typename V>
INLINE const V& at(const float* address) {
  return *reinterpret_cast<const V*>(address);
}

#if defined(__x86_64__)
template <typename Kernel, typename... Arguments>
__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))) void run_avx512(Arguments... arguments) {
  Kernel::template run<Vector16>(arguments...);
}

template <typename Kernel, typename... Arguments>
__attribute__((target("avx2,fma"))) void run_avx2(Arguments... arguments) {
  Kernel::template run<Vector8>(arguments...);
}
#endif

// Calls `Kernel::run<V>(arguments...)`, which must be INLINE, as must all that it calls: only then is it compiled for
// the processor's instructions.
template <typename Kernel, typename... Arguments>
void run(Arguments... arguments) {
#if defined(__x86_64__)
  static const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  static const bool avx512 = fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  if (avx512) return run_avx512<Kernel>(arguments...);
  if (fma) return run_avx2<Kernel>(arguments...);
#endif
  Kernel::template run<Vector4>(arguments...);
}

}  // namespace skinlesion
