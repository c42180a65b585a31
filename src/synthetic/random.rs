//! Random numbers for one purpose each, so that adding to one thing changes no other.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The order of the lesions.
    Order,
    /// The rows of a lesion in the metadata.
    Person,
    /// How a lesion looks.
    Lesion,
    /// The skin around it.
    Skin,
    /// One photograph of it, from 1.
    Shot(u64),
}

/// The random numbers for one purpose of one lesion, given by its number.
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
