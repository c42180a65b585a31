//! How long the intervals of many predictions take: `cargo run --release --example intervals -- 10000`.

use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use skinlesion::Class;
use skinlesion::classes::ham10000;
use skinlesion::metrics::bootstrap;
use skinlesion::probabilities::Probabilities;

fn main() {
    let images: usize = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(10_000);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let classes = ham10000();
    let truths: Vec<Class> = classes.iter().cycle().take(images).collect();
    let rows: Vec<Probabilities> = (truths.iter())
        .map(|truth| {
            let mut row = Probabilities::zeros(classes).map(|_| random.random_range(0.0..1.0));
            row[truth.index()] += 1.0;
            let sum: f64 = row.iter().sum();
            row.map(|part| part / sum)
        })
        .collect();
    let lesions: Vec<String> = (0..images).map(|image| image.to_string()).collect();
    let lesions: Vec<&str> = lesions.iter().map(String::as_str).collect();
    let began = Instant::now();
    let found = bootstrap::intervals(classes, &truths, &rows, &lesions, 1234);
    println!(
        "{} intervals of {images} images, {} draws: {:.2} s",
        found.len(),
        bootstrap::DRAWS,
        began.elapsed().as_secs_f64()
    );
}
