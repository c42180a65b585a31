//! The rows of the metadata, with several photographs per lesion and a class imbalance as in HAM10000.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::diagnosis::Diagnosis;
use super::random::{Purpose, numbers};
use crate::dataset::Sample;

/// A photograph to draw, with its row of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is drawn.
    pub diagnosis: Diagnosis,
    /// Number of the lesion, from 1.
    pub lesion: u64,
    /// Number of the photograph of this lesion, from 1.
    pub shot: u64,
    /// The row of the metadata.
    pub sample: Sample,
}

/// HAM10000's localizations, with their frequencies in 10,000 images.
const LOCALIZATIONS: [(&str, u32); 15] = [
    ("back", 2192),
    ("lower extremity", 2077),
    ("trunk", 1404),
    ("upper extremity", 1118),
    ("abdomen", 1022),
    ("face", 745),
    ("chest", 407),
    ("foot", 319),
    ("unknown", 234),
    ("neck", 168),
    ("scalp", 128),
    ("hand", 90),
    ("ear", 56),
    ("genital", 48),
    ("acral", 7),
];

/// The invented source collections of the images, with their weights.
const SOURCES: [(&str, u32); 3] = [
    ("drawn_modern", 5),
    ("drawn_archive", 3),
    ("drawn_practice", 2),
];

/// Percentage of lesions per class: less imbalanced than HAM10000, so that small sets contain all seven classes.
fn percentage(diagnosis: Diagnosis) -> usize {
    match diagnosis {
        Diagnosis::Nv => 31,
        Diagnosis::Mel => 15,
        Diagnosis::Bkl => 14,
        Diagnosis::Bcc => 12,
        Diagnosis::Akiec => 10,
        Diagnosis::Vasc | Diagnosis::Df => 9,
    }
}

/// The rows for a number of lesions, in the order of their image ids.
pub fn records(lesions: usize, seed: u64) -> Vec<Record> {
    let mut records = Vec::new();
    for (index, diagnosis) in diagnoses(lesions, seed).into_iter().enumerate() {
        let lesion = index as u64 + 1;
        let rng = &mut numbers(seed, lesion, Purpose::Person);
        let sample = person(lesion, diagnosis, rng);
        for shot in 1..=photographs(rng) {
            records.push(Record {
                diagnosis,
                lesion,
                shot,
                sample: Sample {
                    image_id: format!("DRAWN_{:07}", records.len() + 1),
                    ..sample.clone()
                },
            });
        }
    }
    records
}

/// The diagnosis of every lesion, in the percentages above (rounded), shuffled.
fn diagnoses(lesions: usize, seed: u64) -> Vec<Diagnosis> {
    let mut all = Vec::with_capacity(lesions);
    for diagnosis in Diagnosis::ALL {
        if diagnosis != Diagnosis::Nv {
            let number = (percentage(diagnosis) * lesions + 50) / 100;
            all.resize(all.len() + number, diagnosis);
        }
    }
    all.resize(lesions, Diagnosis::Nv);
    all.shuffle(&mut numbers(seed, 0, Purpose::Order));
    all
}

/// The number of photographs of a lesion: two to four for a quarter of the lesions, as in HAM10000.
fn photographs(rng: &mut ChaCha8Rng) -> u64 {
    match rng.random_range(0..100) {
        0..75 => 1,
        75..91 => 2,
        91..97 => 3,
        _ => 4,
    }
}

/// The metadata of a lesion's patient.
fn person(lesion: u64, diagnosis: Diagnosis, rng: &mut ChaCha8Rng) -> Sample {
    let age = 5 * (rng.random_range(1..=8) + rng.random_range(0..=9));
    Sample {
        image_id: String::new(),
        lesion_id: format!("DRAWN_L_{lesion:07}"),
        patient_id: String::new(),
        dx: diagnosis.class(),
        dx_type: dx_type(diagnosis, rng).to_owned(),
        age: if rng.random_bool(0.02) {
            String::new()
        } else {
            age.to_string()
        },
        sex: weighted(&[("male", 54), ("female", 45), ("unknown", 1)], rng).to_owned(),
        localization: weighted(&LOCALIZATIONS, rng).to_owned(),
        source: weighted(&SOURCES, rng).to_owned(),
    }
}

/// The diagnosis method: always histology for malignant lesions, often follow-up or consensus for benign ones.
fn dx_type(diagnosis: Diagnosis, rng: &mut ChaCha8Rng) -> &'static str {
    let methods: &[(&str, u32)] = match diagnosis {
        Diagnosis::Akiec | Diagnosis::Bcc | Diagnosis::Mel => &[("histo", 1)],
        Diagnosis::Nv => &[("follow_up", 55), ("histo", 38), ("consensus", 7)],
        Diagnosis::Bkl => &[("histo", 70), ("consensus", 24), ("confocal", 6)],
        Diagnosis::Df | Diagnosis::Vasc => &[("histo", 50), ("consensus", 50)],
    };
    weighted(methods, rng)
}

/// A random choice by integer weights.
fn weighted(choices: &[(&'static str, u32)], rng: &mut ChaCha8Rng) -> &'static str {
    let total: u32 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.random_range(0..total);
    for (choice, weight) in choices {
        if left < *weight {
            return choice;
        }
        left -= weight;
    }
    "" // unreachable: `left` is below the sum of all weights
}
