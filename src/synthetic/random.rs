//! Independent random number streams per purpose, so that a change to one purpose leaves the others the same.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The purpose of a stream of random numbers.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The order of the lesions.
    Order,
    /// A lesion's rows in the metadata.
    Person,
    /// The appearance of a lesion.
    Lesion,
    /// The skin around a lesion.
    Skin,
    /// A photograph of a lesion, from 1.
    Shot(u64),
}

/// The random number generator for one purpose of a lesion.
pub fn numbers(seed: u64, lesion: u64, purpose: Purpose) -> ChaCha8Rng {
    let stream = match purpose {
        Purpose::Order => 0,
        Purpose::Person => 1,
        Purpose::Lesion => 2,
        Purpose::Skin => 3,
        Purpose::Shot(shot) => 16 + shot,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((lesion << 8) | stream);
    rng
}
