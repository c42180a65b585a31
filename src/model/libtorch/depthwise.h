// A depthwise 3×3 convolution, row by row. Rows have `channels` values a pixel, and one pixel of zeros at each end.

#pragma once

#include "vectors.h"

namespace skinlesion {

// Some of the three rows that a row of the result depends on, each with its three weights a channel.
struct Taps {
  int count = 0;
  const float *rows[3], *weights[3];

  void push(const float* row, const float* weight) {
    rows[count] = row;
    weights[count++] = weight;
  }
};

struct ConvolveKernel {
  template <typename V, int PIXELS>
  static INLINE void some_pixels(const Taps& taps, int64_t pixel, int64_t stride, int64_t channels, float* result) {
    const int64_t step = stride * channels;
    for (int64_t c = 0; c < channels; c += LENGTH<V>) {
      V sums[PIXELS] = {};
      for (int tap = 0; tap < taps.count; tap++) {
        const float *x = taps.rows[tap] + pixel * step + c, *w = taps.weights[tap] + c;
#pragma GCC unroll 3
        for (int kx = 0; kx < 3; kx++) {
          const V weight = at<V>(w + kx * channels);
#pragma GCC unroll 4
          for (int p = 0; p < PIXELS; p++) sums[p] += at<V>(x + p * step + kx * channels) * weight;
        }
      }
#pragma GCC unroll 4
      for (int p = 0; p < PIXELS; p++) at<V>(result + (pixel + p) * channels + c) = sums[p];
    }
  }

  template <typename V>
  static INLINE void run(const Taps* taps, int64_t stride, int64_t pixels, int64_t channels, float* result) {
    if constexpr (LENGTH<V> > 8) {
      if (channels % LENGTH<V> != 0) return run<Vector8>(taps, stride, pixels, channels, result);
    }
    int64_t pixel = 0;
    for (; pixel + 4 <= pixels; pixel += 4) some_pixels<V, 4>(*taps, pixel, stride, channels, result);
    for (; pixel < pixels; pixel++) some_pixels<V, 1>(*taps, pixel, stride, channels, result);
  }
};

// A row of the result, without zeros at its ends.
INLINE void convolve(const Taps& taps, int64_t stride, int64_t pixels, int64_t channels, float* result) {
  run<ConvolveKernel>(&taps, stride, pixels, channels, result);
}

struct CorrelateKernel {
  template <typename V>
  static INLINE void run(const float* x, const float* gradient, int64_t step, int64_t pixels, int64_t channels,
                         float* sums) {
    if constexpr (LENGTH<V> > 8) {
      if (channels % LENGTH<V> != 0) return run<Vector8>(x, gradient, step, pixels, channels, sums);
    }
    for (int64_t c = 0; c < channels; c += LENGTH<V>) {
      V sum[3];
      for (int kx = 0; kx < 3; kx++) sum[kx] = at<V>(sums + kx * channels + c);
      const float *value = x + c, *g = gradient + c;
      for (int64_t pixel = 0; pixel < pixels; pixel++, value += step, g += step) {
        const V by = at<V>(g);
#pragma GCC unroll 3
        for (int kx = 0; kx < 3; kx++) sum[kx] += at<V>(value + kx * channels) * by;
      }
      for (int kx = 0; kx < 3; kx++) at<V>(sums + kx * channels + c) = sum[kx];
    }
  }
};

// Adds to the gradients of a row's three weights a channel. `step` is the distance of two pixels of `gradient`, and of
// those of `x` that they belong to.
INLINE void correlate(const float* x, const float* gradient, int64_t step, int64_t pixels, int64_t channels,
                      float* sums) {
  run<CorrelateKernel>(x, gradient, step, pixels, channels, sums);
}

}  // namespace skinlesion
