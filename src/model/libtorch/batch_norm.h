// BatchNorm's loops over pixels, and its statistics, for the operators that contain one.
//
// Ioffe & Szegedy 2015, in PyTorch's formulation: batch statistics use the variance divided by n, running statistics
// the variance divided by n - 1.

#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

// The loops over channels are compiled for several instruction sets, and the best one is selected at run time.
#if defined(__x86_64__) && defined(__GNUC__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

namespace {

// The map of a channel's values: clamp(`scale` * (value - `mean`) + `shift`, `low`, `high`). The mean is subtracted
// first, so that no precision is lost if it is much larger than the standard deviation.
struct Affine {
  const float *mean, *scale, *shift;
  float low, high;
};

// Adds the values of `pixels` pixels, minus their channel's `origin`, to `sum`, and their squares to `squares`.
FOR_EACH_PROCESSOR void add_moments(const float* __restrict__ x, const float* __restrict__ origin, int64_t pixels,
                                    int64_t channels, float* __restrict__ sum, float* __restrict__ squares) {
  for (int64_t pixel = 0; pixel < pixels; pixel++, x += channels) {
    for (int64_t c = 0; c < channels; c++) {
      const float value = x[c] - origin[c];
      sum[c] += value;
      squares[c] += value * value;
    }
  }
}

FOR_EACH_PROCESSOR void normalise(const float* __restrict__ x, Affine by, int64_t pixels, int64_t channels,
                                  float* __restrict__ y) {
  const float *__restrict__ mean = by.mean, *__restrict__ scale = by.scale, *__restrict__ shift = by.shift;
  for (int64_t pixel = 0; pixel < pixels; pixel++, x += channels, y += channels) {
    for (int64_t c = 0; c < channels; c++) {
      float value = (x[c] - mean[c]) * scale[c] + shift[c];
      value = value < by.low ? by.low : value;
      y[c] = value > by.high ? by.high : value;
    }
  }
}

// Adds the gradients that pass ReLU6 to `sum`, and their products with (value - mean) to `products`.
FOR_EACH_PROCESSOR void add_gradients(const float* __restrict__ x, const float* __restrict__ gradient, Affine by,
                                      int64_t pixels, int64_t channels, float* __restrict__ sum,
                                      float* __restrict__ products) {
  const float *__restrict__ mean = by.mean, *__restrict__ scale = by.scale, *__restrict__ shift = by.shift;
  for (int64_t pixel = 0; pixel < pixels; pixel++, x += channels, gradient += channels) {
    for (int64_t c = 0; c < channels; c++) {
      const float centered = x[c] - mean[c], value = centered * scale[c] + shift[c];
      const float passed = (value > by.low ? gradient[c] : 0.0f) * (value < by.high ? 1.0f : 0.0f);
      sum[c] += passed;
      products[c] += passed * centered;
    }
  }
}

// The gradient of x: `scale` * (gradient after ReLU6) + `slope` * (x - mean) + `offset`. `into` may be `gradient`
// itself.
FOR_EACH_PROCESSOR void differentiate(const float* __restrict__ x, const float* gradient, Affine by,
                                      const float* __restrict__ slope, const float* __restrict__ offset,
                                      int64_t pixels, int64_t channels, float* into) {
  const float *__restrict__ mean = by.mean, *__restrict__ scale = by.scale, *__restrict__ shift = by.shift;
#pragma GCC ivdep
  for (int64_t at = 0; at < pixels; at++) {
    const float* values = x + at * channels;
    const float* from = gradient + at * channels;
    float* to = into + at * channels;
#pragma GCC ivdep
    for (int64_t c = 0; c < channels; c++) {
      const float centered = values[c] - mean[c], value = centered * scale[c] + shift[c];
      const float passed = (value > by.low ? from[c] : 0.0f) * (value < by.high ? 1.0f : 0.0f);
      to[c] = passed * scale[c] + centered * slope[c] + offset[c];
    }
  }
}

Affine affine(const float* mean, const float* scale, const float* shift, bool relu6) {
  const float infinity = std::numeric_limits<float>::infinity();
  return {mean, scale, shift, relu6 ? 0.0f : -infinity, relu6 ? 6.0f : infinity};
}

FOR_EACH_PROCESSOR void add(const float* __restrict__ values, int64_t count, float* __restrict__ to) {
  for (int64_t at = 0; at < count; at++) to[at] += values[at];
}

// What a BatchNorm needs of its batch, with one value per channel each.
struct Statistics {
  int64_t channels;
  float *mean, *inverse, *scale, *shift;

  explicit Statistics(const at::Tensor& per_channel)
      : channels(per_channel.size(1)),
        mean(static_cast<float*>(per_channel.data_ptr())),
        inverse(mean + channels),
        scale(inverse + channels),
        shift(scale + channels) {}

  // Those that change no value.
  static at::Tensor none(int64_t channels) {
    const auto zero = at::zeros({1, channels}, at::kFloat), one = at::ones({1, channels}, at::kFloat);
    return at::cat({zero, one, one, zero});
  }

  // Sets them from the sums of n values minus `origin`, and of their squares, and updates the running statistics.
  void set(const std::vector<double>& sums, const std::vector<float>& origin, double n, double epsilon, double momentum,
           const at::Tensor& gamma, const at::Tensor& beta, at::Tensor& running_mean, at::Tensor& running_variance) {
    float* running[] = {running_mean.data_ptr<float>(), running_variance.data_ptr<float>()};
    const float *weight = gamma.const_data_ptr<float>(), *bias = beta.const_data_ptr<float>();
    for (int64_t c = 0; c < channels; c++) {
      const double from_origin = sums[c] / n;
      const double variance = std::max(0.0, sums[channels + c] / n - from_origin * from_origin);
      const double center = origin[c] + from_origin, inverse_deviation = 1.0 / std::sqrt(variance + epsilon);
      mean[c] = float(center);
      inverse[c] = float(inverse_deviation);
      scale[c] = float(weight[c] * inverse_deviation);
      shift[c] = bias[c];
      running[0][c] = float((1.0 - momentum) * running[0][c] + momentum * center);
      running[1][c] = float((1.0 - momentum) * running[1][c] + momentum * variance * n / std::max(1.0, n - 1.0));
    }
  }

  Affine affine(bool relu6) const { return ::affine(mean, scale, shift, relu6); }
};

// The gradients of a BatchNorm's scale and shift, and what `differentiate` takes.
struct NormGradients {
  at::Tensor gamma, beta;
  std::vector<float> slope, offset;

  // From the sums over n values of the gradients that pass ReLU6, and of their products with (value - mean).
  NormGradients(const Statistics& of, const std::vector<double>& sums, double n)
      : gamma(at::empty({of.channels}, at::kFloat)),
        beta(at::empty({of.channels}, at::kFloat)),
        slope(of.channels),
        offset(of.channels) {
    float *grad_gamma = gamma.data_ptr<float>(), *grad_beta = beta.data_ptr<float>();
    for (int64_t c = 0; c < of.channels; c++) {
      const double inverse_deviation = of.inverse[c];
      const double products = sums[of.channels + c] * inverse_deviation;
      grad_beta[c] = float(sums[c]);
      grad_gamma[c] = float(products);
      slope[c] = float(-of.scale[c] * inverse_deviation * products / n);
      offset[c] = float(-of.scale[c] * sums[c] / n);
    }
  }
};

}  // namespace
