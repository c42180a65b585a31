// MobileNetV2's inverted residual block as one operator of libtorch's autograd, for training on CPUs:
// 1×1 convolution (left out without `expand`), BatchNorm, ReLU6; depthwise 3×3 convolution, BatchNorm, ReLU6;
// 1×1 convolution, BatchNorm; plus the input if `residual`.
//
// Its time is that of reading and writing the wide activations. Only the outputs of the convolutions are stored; what
// BatchNorm makes of them is recomputed wherever a convolution reads it, for a few pixels that stay in the cache.
//
// Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, section 3.

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "batch_norm.h"
#include "depthwise.h"
#include "matrix_product.h"
#include "parts.h"

namespace {

using namespace skinlesion;
using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor transposed(const Tensor& weight) { return weight.reshape({weight.size(0), -1}).t().contiguous(); }

const float* read(const Tensor& tensor) { return tensor.const_data_ptr<float>(); }

// A BatchNorm's parameters and running statistics, and the batch's moments as they are gathered.
struct Norm {
  Tensor gamma, beta, mean, variance, per_channel;
  std::vector<float> origin;
  PartSums moments;

  Norm(const Tensor& gamma, const Tensor& beta, const variable_list& running, size_t number)
      : gamma(gamma),
        beta(beta),
        mean(running[2 * number]),
        variance(running[2 * number + 1]),
        per_channel(at::empty({4, gamma.numel()}, at::kFloat)),
        origin(read(mean), read(mean) + gamma.numel()),
        moments(gamma.numel()) {}

  void add(int64_t part, const float* z, int64_t pixels) {
    moments.add(part, [&](float* sum, float* squares) {
      add_moments(z, origin.data(), pixels, int64_t(origin.size()), sum, squares);
    });
  }

  Affine finish(double n, double momentum, double epsilon, bool relu6) {
    Statistics statistics(per_channel);
    statistics.set(moments.totals(), origin, n, epsilon, momentum, gamma, beta, mean, variance);
    return statistics.affine(relu6);
  }
};

struct InvertedResidual : torch::autograd::Function<InvertedResidual> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& expand, const Tensor& expand_gamma,
                        const Tensor& expand_beta, const Tensor& depthwise, const Tensor& depthwise_gamma,
                        const Tensor& depthwise_beta, const Tensor& project, const Tensor& project_gamma,
                        const Tensor& project_beta, const variable_list& running, int64_t stride, double momentum,
                        double epsilon, bool residual) {
    const Sizes of(x, depthwise.size(0), project.size(0), stride);
    const int64_t inputs = of.inputs, wide = of.wide, outputs = of.outputs;
    const bool expands = expand.numel() > 0;
    const Tensor z1 = expands ? of.image(wide, of.height, of.width) : x;
    const Tensor z2 = of.image(wide, of.out_height, of.out_width), z3 = of.image(outputs, of.out_height, of.out_width);
    const Tensor y = at::empty_like(z3);
    // The running statistics change at the end, all at once, so that the caller can fall back to libtorch's operators if
    // anything fails before.
    variable_list updated;
    for (const Tensor& statistic : running) updated.push_back(statistic.clone());
    Norm norm2(depthwise_gamma, depthwise_beta, updated, 1), norm3(project_gamma, project_beta, updated, 2);
    const double n1 = double(of.pixels()), n2 = double(of.out_pixels());

    Tensor statistics1 = Statistics::none(wide);
    Affine by1 = Statistics(statistics1).affine(false);
    if (expands) {
      Norm norm1(expand_gamma, expand_beta, updated, 0);
      const Tensor weight = transposed(expand);
      of.over_pixels([&, from = read(x), by = read(weight), z = z1.data_ptr<float>()](int64_t part, int64_t at,
                                                                                    int64_t pixels) {
        pointwise(from + at * inputs, inputs, by, wide, pixels, z + at * wide);
        norm1.add(part, z + at * wide, pixels);
      });
      statistics1 = norm1.per_channel;
      by1 = norm1.finish(n1, momentum, epsilon, true);
    }

    const Tensor taps = transposed(depthwise);
    of.over_images([&, from = read(z1), weight = read(taps), z = z2.data_ptr<float>()](int64_t part, int64_t image) {
      Rows rows(of.width, wide);
      int64_t next = 0;
      for (int64_t row = 0; row < of.out_height; row++) {
        for (; next < std::min(row * stride + 2, of.height); next++) {
          normalise(from + (image * of.height + next) * of.width * wide, by1, of.width, wide, rows[next] + wide);
        }
        Taps reached;
        for (int64_t ky = 0; ky < 3; ky++) {
          const int64_t at = row * stride + ky - 1;
          if (at >= 0 && at < of.height) reached.push(rows[at], weight + ky * 3 * wide);
        }
        float* to = z + (image * of.out_height + row) * of.out_width * wide;
        convolve(reached, stride, of.out_width, wide, to);
        norm2.add(part, to, of.out_width);
      }
    });
    const Affine by2 = norm2.finish(n2, momentum, epsilon, true);

    const Tensor weight = transposed(project);
    of.over_out_pixels([&, from = read(z2), by = read(weight), z = z3.data_ptr<float>()](int64_t part, int64_t at,
                                                                                       int64_t pixels) {
      std::vector<float> y2(pixels * wide);
      normalise(from + at * wide, by2, pixels, wide, y2.data());
      pointwise(y2.data(), wide, by, outputs, pixels, z + at * outputs);
      norm3.add(part, z + at * outputs, pixels);
    });
    const Affine by3 = norm3.finish(n2, momentum, epsilon, false);

    of.over_out_pixels([&, from = read(z3), skip = read(x), to = y.data_ptr<float>()](int64_t, int64_t at,
                                                                                    int64_t pixels) {
      normalise(from + at * outputs, by3, pixels, outputs, to + at * outputs);
      if (residual) add(skip + at * outputs, pixels * outputs, to + at * outputs);
    });
    context->save_for_backward({x, z1, z2, z3, expand, depthwise, project, statistics1, norm2.per_channel,
                                norm3.per_channel});
    context->saved_data["stride"] = stride;
    context->saved_data["residual"] = residual;
    for (size_t at = expands ? 0 : 2; at < running.size(); at++) running[at].copy_(updated[at]);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &z1 = saved[1], &z2 = saved[2], &z3 = saved[3];
    const Tensor &expand = saved[4], &depthwise = saved[5], &project = saved[6];
    const int64_t stride = context->saved_data["stride"].toInt();
    const bool residual = context->saved_data["residual"].toBool(), expands = expand.numel() > 0;
    const Sizes of(x, depthwise.size(0), project.size(0), stride);
    const int64_t inputs = of.inputs, wide = of.wide, outputs = of.outputs;
    const Statistics statistics1(saved[7]), statistics2(saved[8]), statistics3(saved[9]);
    const Affine by1 = statistics1.affine(expands), by2 = statistics2.affine(true), by3 = statistics3.affine(false);
    const double n1 = double(of.pixels()), n2 = double(of.out_pixels());
    const float *value1 = read(z1), *value2 = read(z2), *value3 = read(z3);
    const Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const float* incoming = read(gradient);

    PartSums sums3(outputs);
    of.over_out_pixels([&](int64_t part, int64_t at, int64_t pixels) {
      sums3.add(part, [&](float* sum, float* products) {
        add_gradients(value3 + at * outputs, incoming + at * outputs, by3, pixels, outputs, sum, products);
      });
    });
    const NormGradients norm3(statistics3, sums3.totals(), n2);

    // Through the second 1×1 convolution.
    const Tensor grad2 = at::empty_like(z2);
    PartSums sums2(wide);
    const Tensor project_parts = at::zeros({PARTS, outputs, wide}, at::kFloat);
    of.over_out_pixels([&, weight = read(project), to = grad2.data_ptr<float>(),
                        sums = project_parts.data_ptr<float>()](int64_t part, int64_t at, int64_t pixels) {
      std::vector<float> gz3(pixels * outputs), y2(pixels * wide);
      differentiate(value3 + at * outputs, incoming + at * outputs, by3, norm3.slope.data(), norm3.offset.data(),
                    pixels, outputs, gz3.data());
      pointwise(gz3.data(), outputs, weight, wide, pixels, to + at * wide);
      sums2.add(part, [&](float* sum, float* products) {
        add_gradients(value2 + at * wide, to + at * wide, by2, pixels, wide, sum, products);
      });
      normalise(value2 + at * wide, by2, pixels, wide, y2.data());
      pointwise_weights(gz3.data(), outputs, y2.data(), wide, pixels, sums + part * outputs * wide);
    });
    const NormGradients norm2(statistics2, sums2.totals(), n2);

    // Through the depthwise convolution.
    const Tensor grad1 = at::empty_like(z1);
    PartSums sums1(wide);
    const Tensor taps = transposed(depthwise.flip({3}));
    const Tensor depthwise_parts = at::zeros({PARTS, 9, wide}, at::kFloat);
    of.over_images([&, flipped = read(taps), from = read(grad2), to = grad1.data_ptr<float>(),
                    weights = depthwise_parts.data_ptr<float>()](int64_t part, int64_t image) {
      // The gradients of z2, with zeros between them if the stride is 2.
      Rows rows(of.width, wide);
      std::vector<float> y1((of.width + 2) * wide, 0.0f);
      int64_t next = 0;
      for (int64_t row = 0; row < of.height; row++) {
        for (; next < std::min((row + 1) / stride + 1, of.out_height); next++) {
          const int64_t pixel = (image * of.out_height + next) * of.out_width, run = stride == 1 ? of.out_width : 1;
          for (int64_t column = 0; column < of.out_width; column += run) {
            const int64_t at = (pixel + column) * wide;
            differentiate(value2 + at, from + at, by2, norm2.slope.data(), norm2.offset.data(), run, wide,
                          rows[next] + (column * stride + 1) * wide);
          }
        }
        const int64_t at = (image * of.height + row) * of.width * wide;
        normalise(value1 + at, by1, of.width, wide, y1.data() + wide);
        Taps reached;
        for (int64_t ky = 0; ky < 3; ky++) {
          const int64_t by_stride = row + 1 - ky;
          if (by_stride < 0 || by_stride % stride != 0 || by_stride / stride >= of.out_height) continue;
          const float* gradients = rows[by_stride / stride];
          reached.push(gradients, flipped + ky * 3 * wide);
          correlate(y1.data(), gradients + wide, stride * wide, of.out_width, wide,
                    weights + (part * 9 + ky * 3) * wide);
        }
        convolve(reached, 1, of.width, wide, to + at);
        if (!expands) continue;
        sums1.add(part, [&](float* sum, float* products) {
          add_gradients(value1 + at, to + at, by1, of.width, wide, sum, products);
        });
      }
    });
    const Tensor grad_project = project_parts.sum(0).view_as(project);
    const Tensor grad_depthwise = depthwise_parts.sum(0).t().contiguous().view_as(depthwise);
    const auto result = [&](Tensor grad_x, Tensor grad_expand, Tensor gamma1, Tensor beta1) -> variable_list {
      variable_list all{grad_x, grad_expand, gamma1, beta1, grad_depthwise, norm2.gamma, norm2.beta,
                        grad_project, norm3.gamma, norm3.beta};
      all.resize(15);
      return all;
    };
    if (!expands) return result(residual ? grad1 + gradient : grad1, Tensor(), Tensor(), Tensor());
    const NormGradients norm1(statistics1, sums1.totals(), n1);

    // Through the first 1×1 convolution.
    const Tensor grad_x = at::empty_like(x);
    const Tensor expand_parts = at::zeros({PARTS, wide, inputs}, at::kFloat);
    of.over_pixels([&, weight = read(expand), value = read(x), from = read(grad1), to = grad_x.data_ptr<float>(),
                    sums = expand_parts.data_ptr<float>()](int64_t part, int64_t at, int64_t pixels) {
      std::vector<float> gz1(pixels * wide);
      differentiate(value1 + at * wide, from + at * wide, by1, norm1.slope.data(), norm1.offset.data(), pixels, wide,
                    gz1.data());
      pointwise(gz1.data(), wide, weight, inputs, pixels, to + at * inputs);
      if (residual) add(incoming + at * inputs, pixels * inputs, to + at * inputs);
      pointwise_weights(gz1.data(), wide, value + at * inputs, inputs, pixels, sums + part * wide * inputs);
    });
    return result(grad_x, expand_parts.sum(0).view_as(expand), norm1.gamma, norm1.beta);
  }
};

}  // namespace

// See inverted_residual.rs. `tensors` are x, then weight, gamma, beta, running mean and running variance of the three
// convolutions; null for an expansion that is left out. Returns null on any error: exceptions must not cross into Rust.
extern "C" Tensor* skinlesion_inverted_residual(const Tensor* const* tensors, int64_t stride, double momentum,
                                                double epsilon, bool residual) {
  try {
    const auto tensor = [&](int at) { return tensors[at] ? *tensors[at] : at::empty({0}); };
    const variable_list running{tensor(4), tensor(5), tensor(9), tensor(10), tensor(14), tensor(15)};
    return new Tensor(InvertedResidual::apply(tensor(0), tensor(1), tensor(2), tensor(3), tensor(6), tensor(7),
                                              tensor(8), tensor(11), tensor(12), tensor(13), running, stride, momentum,
                                              epsilon, residual));
  } catch (...) {
    return nullptr;
  }
}
