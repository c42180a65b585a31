//! Who the drawn lesions belong to: the rows of the metadata, with HAM10000's repeats and imbalance.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::random::{Purpose, numbers};
use crate::Diagnosis;
use crate::dataset::Sample;

/// One photograph to draw, and what the metadata says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which lesion it shows, from 1.
    pub lesion: u64,
    /// Which photograph of that lesion it is, from 1.
    pub shot: u64,
    /// Its row.
    pub sample: Sample,
}

/// HAM10000's localizations, with how many of 10,000 of its images have each.
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

/// The collections that the images pretend to come from.
const SOURCES: [(&str, u32); 3] = [
    ("drawn_modern", 5),
    ("drawn_archive", 3),
    ("drawn_practice", 2),
];

/// How many of 100 lesions are of a class: HAM10000's order, milder, so that small sets have all seven.
fn share(diagnosis: Diagnosis) -> usize {
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
    for (place, diagnosis) in diagnoses(lesions, seed).into_iter().enumerate() {
        let lesion = place as u64 + 1;
        let rng = &mut numbers(seed, lesion, Purpose::Person);
        let sample = person(lesion, diagnosis, rng);
        for shot in 1..=photographs(rng) {
            records.push(Record {
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

/// The diagnosis of every lesion, in the shares above as exactly as whole numbers allow, shuffled.
fn diagnoses(lesions: usize, seed: u64) -> Vec<Diagnosis> {
    let mut all = Vec::with_capacity(lesions);
    for diagnosis in Diagnosis::ALL {
        if diagnosis != Diagnosis::Nv {
            let number = (share(diagnosis) * lesions + 50) / 100;
            all.resize(all.len() + number, diagnosis);
        }
    }
    all.resize(lesions, Diagnosis::Nv);
    all.shuffle(&mut numbers(seed, 0, Purpose::Order));
    all
}

/// A quarter of the lesions have two to four photographs, as in HAM10000.
fn photographs(rng: &mut ChaCha8Rng) -> u64 {
    match rng.random_range(0..100) {
        0..75 => 1,
        75..91 => 2,
        91..97 => 3,
        _ => 4,
    }
}

fn person(lesion: u64, diagnosis: Diagnosis, rng: &mut ChaCha8Rng) -> Sample {
    let age = 5 * (rng.random_range(1..=8) + rng.random_range(0..=9));
    Sample {
        image_id: String::new(),
        lesion_id: format!("DRAWN_L_{lesion:07}"),
        dx: diagnosis,
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

/// Cancers are always confirmed by histology, harmless lesions often by looking again.
fn dx_type(diagnosis: Diagnosis, rng: &mut ChaCha8Rng) -> &'static str {
    let ways: &[(&str, u32)] = match diagnosis {
        Diagnosis::Akiec | Diagnosis::Bcc | Diagnosis::Mel => &[("histo", 1)],
        Diagnosis::Nv => &[("follow_up", 55), ("histo", 38), ("consensus", 7)],
        Diagnosis::Bkl => &[("histo", 70), ("consensus", 24), ("confocal", 6)],
        Diagnosis::Df | Diagnosis::Vasc => &[("histo", 50), ("consensus", 50)],
    };
    weighted(ways, rng)
}

fn weighted(choices: &[(&'static str, u32)], rng: &mut ChaCha8Rng) -> &'static str {
    let total: u32 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.random_range(0..total);
    for (choice, weight) in choices {
        if left < *weight {
            return choice;
        }
        left -= weight;
    }
    "" // not reached: `left` is below the sum of all weights
}
