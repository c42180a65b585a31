//! How long the intervals of many predictions take: `cargo run --release --example intervals -- 10000`.

use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use skinlesion::Diagnosis;
use skinlesion::metrics::bootstrap;

fn main() {
    let images: usize = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(10_000);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let truths: Vec<Diagnosis> = (0..images).map(|image| Diagnosis::ALL[image % 7]).collect();
    let rows: Vec<[f64; 7]> = (truths.iter())
        .map(|truth| {
            let mut row = [0.0; 7].map(|_: f64| random.random_range(0.0..1.0));
            row[truth.index()] += 1.0;
            let sum: f64 = row.iter().sum();
            row.map(|part| part / sum)
        })
        .collect();
    let lesions: Vec<String> = (0..images).map(|image| image.to_string()).collect();
    let lesions: Vec<&str> = lesions.iter().map(String::as_str).collect();
    let began = Instant::now();
    let found = bootstrap::intervals(&truths, &rows, &lesions, 1234);
    println!(
        "{} intervals of {images} images, {} draws: {:.2} s",
        found.len(),
        bootstrap::DRAWS,
        began.elapsed().as_secs_f64()
    );
}
