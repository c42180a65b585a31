// BatchNorm followed by optional ReLU6, as one operator of libtorch's autograd, for training on CPUs.
//
// For a convolution with BatchNorm and ReLU6, libtorch saves the outputs of all three for the backward pass. This
// operator saves only its input, and recomputes the output of BatchNorm from it. That saves a third of a step's memory,
// and the backward pass reads memory four times instead of the seven times of libtorch's two operators.
//
// Ioffe & Szegedy 2015, in PyTorch's formulation: batch statistics use the variance divided by n, running statistics
// the variance divided by n - 1.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

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

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Pixels per block. A block is summed in single precision, the blocks in double precision. The size is fixed, so that
// the result does not depend on the number of threads.
constexpr int64_t BLOCK = 512;

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

// Dimensions of a channels-last batch: channels, pixels, and blocks of pixels.
struct Dimensions {
  int64_t channels, pixels, blocks;

  explicit Dimensions(const Tensor& x)
      : channels(x.size(1)), pixels(x.numel() / x.size(1)), blocks((pixels + BLOCK - 1) / BLOCK) {}

  // Calls `work(first pixel, number of pixels)` for parts of the batch, on libtorch's threads.
  template <typename Work>
  void over_parts(const Work& work) const {
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
      work(begin * BLOCK, std::min(end * BLOCK, pixels) - begin * BLOCK);
    });
  }

  // Two sums per channel over all pixels. `add(first pixel, number of pixels, sum, other sum)` adds a block's values.
  template <typename Add>
  std::vector<double> sums(const Add& add) const {
    std::vector<float> block_sums(blocks * 2 * channels, 0.0f);
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; block++) {
        float* sums = block_sums.data() + block * 2 * channels;
        add(block * BLOCK, std::min(BLOCK, pixels - block * BLOCK), sums, sums + channels);
      }
    });
    std::vector<double> totals(2 * channels, 0.0);
    for (int64_t block = 0; block < blocks; block++) {
      const float* sums = block_sums.data() + block * 2 * channels;
      for (int64_t at = 0; at < 2 * channels; at++) totals[at] += sums[at];
    }
    return totals;
  }
};

Affine affine(const float* mean, const float* scale, const float* shift, bool relu6) {
  const float infinity = std::numeric_limits<float>::infinity();
  return {mean, scale, shift, relu6 ? 0.0f : -infinity, relu6 ? 6.0f : infinity};
}

struct BatchNormRelu6 : torch::autograd::Function<BatchNormRelu6> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& gamma, const Tensor& beta,
                        Tensor running_mean, Tensor running_variance, double momentum, double epsilon, bool relu6) {
    const Dimensions dimensions(x);
    const auto channels = dimensions.channels;
    const float* values = x.const_data_ptr<float>();
    float* running[] = {running_mean.data_ptr<float>(), running_variance.data_ptr<float>()};

    // Relative to the running mean, which is near the batch's mean: this avoids differences of large squares.
    const std::vector<float> origin(running[0], running[0] + channels);
    const auto sums = dimensions.sums([&](int64_t first, int64_t pixels, float* sum, float* squares) {
      add_moments(values + first * channels, origin.data(), pixels, channels, sum, squares);
    });

    // Allocate before anything is changed, so that the caller can fall back to libtorch's operators if this fails.
    const Tensor y = at::empty_like(x);
    const auto per_channel = at::empty({4, channels}, x.options().requires_grad(false));
    float *mean = per_channel.data_ptr<float>(), *inverse = mean + channels, *scale = inverse + channels,
          *shift = scale + channels;
    const float *weight = gamma.const_data_ptr<float>(), *bias = beta.const_data_ptr<float>();
    const double n = double(dimensions.pixels);
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

    float* result = y.data_ptr<float>();
    const Affine by = affine(mean, scale, shift, relu6);
    dimensions.over_parts([&](int64_t first, int64_t pixels) {
      normalise(values + first * channels, by, pixels, channels, result + first * channels);
    });
    context->save_for_backward({x, per_channel});
    context->saved_data["relu6"] = relu6;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &per_channel = saved[1];
    const bool relu6 = context->saved_data["relu6"].toBool();
    const Dimensions dimensions(x);
    const auto channels = dimensions.channels;
    const float *mean = per_channel.const_data_ptr<float>(), *inverse = mean + channels, *scale = inverse + channels,
                *shift = scale + channels;
    const Affine by = affine(mean, scale, shift, relu6);
    const float* values = x.const_data_ptr<float>();
    const Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    gradients.clear();
    const float* incoming = gradient.const_data_ptr<float>();

    const auto sums = dimensions.sums([&](int64_t first, int64_t pixels, float* sum, float* products) {
      add_gradients(values + first * channels, incoming + first * channels, by, pixels, channels, sum, products);
    });
    const auto grad_gamma = at::empty({channels}, x.options()), grad_beta = at::empty({channels}, x.options());
    float *gamma = grad_gamma.data_ptr<float>(), *beta = grad_beta.data_ptr<float>();
    std::vector<float> slope(channels), offset(channels);
    for (int64_t c = 0; c < channels; c++) {
      const double inverse_deviation = inverse[c];
      const double products = sums[channels + c] * inverse_deviation, n = double(dimensions.pixels);
      beta[c] = float(sums[c]);
      gamma[c] = float(products);
      slope[c] = float(-scale[c] * inverse_deviation * products / n);
      offset[c] = float(-scale[c] * sums[c] / n);
    }

    // The gradient may be overwritten if only this function and autograd's call of it hold the tensor, and no view
    // shares its memory. After a ReLU6 this is so, because one convolution follows. A sum passes the same tensor to
    // both of its terms.
    const bool is_unshared = gradient.use_count() <= 2 && gradient.storage().use_count() == 1;
    const Tensor grad_x = relu6 && is_unshared ? gradient : at::empty_like(gradient);
    float* result = grad_x.data_ptr<float>();
    dimensions.over_parts([&](int64_t first, int64_t pixels) {
      differentiate(values + first * channels, incoming + first * channels, by, slope.data(), offset.data(), pixels,
                    channels, result + first * channels);
    });
    return {grad_x, grad_gamma, grad_beta, Tensor(), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

// See batch_norm_relu6.rs. Returns null on any error: exceptions must not cross into Rust.
extern "C" Tensor* skinlesion_batch_norm_relu6(const Tensor* x, const Tensor* gamma, const Tensor* beta,
                                               const Tensor* running_mean, const Tensor* running_variance,
                                               double momentum, double epsilon, bool relu6) {
  try {
    return new Tensor(
        BatchNormRelu6::apply(*x, *gamma, *beta, *running_mean, *running_variance, momentum, epsilon, relu6));
  } catch (...) {
    return nullptr;
  }
}
