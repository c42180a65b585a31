// Adam for many tensors at once. See adam.rs.

#include <ATen/ATen.h>

#include <vector>

// A tensor that learns, its gradient, and the running means of the gradient and of its square. As in adam.rs.
struct Pointers {
  const at::Tensor *tensor, *gradient, *first, *second;
};

// To be called without autograd. False when something went wrong: no exception may cross to Rust.
extern "C" bool skinlesion_adam(const Pointers* all, int64_t count, double steps, double rate, double decay,
                                bool decoupled, double beta1, double beta2, double epsilon) {
  try {
    std::vector<at::Tensor> tensors, gradients, firsts, seconds;
    for (const Pointers* one = all; one != all + count; one++) {
      tensors.push_back(*one->tensor);
      gradients.push_back(*one->gradient);
      firsts.push_back(*one->first);
      seconds.push_back(*one->second);
    }
    const std::vector<at::Tensor> made(count, at::scalar_tensor(steps, at::kFloat));
    if (decoupled) {
      at::_fused_adamw_(tensors, gradients, firsts, seconds, {}, made, rate, beta1, beta2, decay, epsilon, false, false);
    } else {
      at::_fused_adam_(tensors, gradients, firsts, seconds, {}, made, rate, beta1, beta2, decay, epsilon, false, false);
    }
    return true;
  } catch (...) {
    return false;
  }
}
