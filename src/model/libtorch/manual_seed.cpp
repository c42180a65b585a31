// The seed of libtorch's random numbers. See manual_seed.rs.

#include <ATen/Context.h>

// Returns false on any error: exceptions must not cross into Rust.
extern "C" bool skinlesion_manual_seed(int64_t seed) {
  try {
    at::manual_seed(static_cast<uint64_t>(seed));
    return true;
  } catch (...) {
    return false;
  }
}
