//! The seed of libtorch's random numbers.

use crate::Result;

/// Seeds libtorch's generators on all devices. Under Linux, where this project compiles C++, a failure (such as of a
/// broken CUDA driver) is an error; `tch::manual_seed` lets the exception pass into Rust, which ends the program.
pub fn manual_seed(seed: i64) -> Result<()> {
    #[cfg(native_threads)]
    {
        unsafe extern "C" {
            fn skinlesion_manual_seed(seed: i64) -> bool;
        }
        // SAFETY: the function takes a plain number and catches all exceptions.
        if !unsafe { skinlesion_manual_seed(seed) } {
            return Err(crate::Error::torch("seeding random numbers")(
                std::io::Error::other("a device cannot be used"),
            ));
        }
    }
    #[cfg(not(native_threads))]
    tch::manual_seed(seed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::manual_seed;

    #[test]
    fn a_seed_repeats_the_numbers_of_libtorch() {
        let drawn = |seed| {
            manual_seed(seed).unwrap();
            Tensor::rand([4], (Kind::Float, Device::Cpu))
        };
        let expected = {
            tch::manual_seed(5);
            Tensor::rand([4], (Kind::Float, Device::Cpu))
        };
        assert_eq!(drawn(5), expected);
        assert_ne!(drawn(6), expected);
    }
}
