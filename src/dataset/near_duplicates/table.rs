//! `near_duplicates.csv`: one line per pair of near-duplicates.

use serde::Serialize;

use super::search::Pair;
use crate::dataset::Sample;
use crate::dataset::manifest::Row;

/// The file's name within a dataset folder.
pub const FILE: &str = "near_duplicates.csv";

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The first image.
    pub image_a: String,
    /// The second image.
    pub image_b: String,
    /// The first image's lesion.
    pub lesion_a: String,
    /// The second image's lesion.
    pub lesion_b: String,
    /// The first image's diagnosis.
    pub dx_a: String,
    /// The second image's diagnosis.
    pub dx_b: String,
    /// The first image's source; empty if unknown.
    pub source_a: String,
    /// The second image's source.
    pub source_b: String,
    /// The first lesion's split, or its fold such as `fold 2`; empty if it was left out.
    pub part_a: String,
    /// The second lesion's split or fold.
    pub part_b: String,
    /// The symmetry that maps the second image onto the first.
    pub symmetry: String,
    /// Correlation of the local contrast, −1 to 1.
    pub detail: f32,
    /// Mean absolute difference of the grey values, 0 to 255.
    pub difference: f32,
    /// Hamming distance of the hashes, of 64 bits.
    pub hash_bits: u32,
}

/// The lines of `pairs`, in their order. `rows` give the split or fold of each lesion.
pub fn lines(samples: &[Sample], rows: &[Row], pairs: &[Pair]) -> Vec<Line> {
    let places: std::collections::HashMap<&str, String> = rows
        .iter()
        .map(|row| (row.sample.lesion_id.as_str(), row.place()))
        .collect();
    let line = |pair: &Pair| {
        let (a, b) = (&samples[pair.first], &samples[pair.second]);
        let place = |sample: &Sample| places.get(sample.lesion_id.as_str()).cloned();
        let rounded = |value: f32| (value * 1000.0).round() / 1000.0;
        Line {
            image_a: a.image_id.clone(),
            image_b: b.image_id.clone(),
            lesion_a: a.lesion_id.clone(),
            lesion_b: b.lesion_id.clone(),
            dx_a: a.dx.code().to_owned(),
            dx_b: b.dx.code().to_owned(),
            source_a: a.source.clone(),
            source_b: b.source.clone(),
            part_a: place(a).unwrap_or_default(),
            part_b: place(b).unwrap_or_default(),
            symmetry: pair.similarity.symmetry.to_string(),
            detail: rounded(pair.similarity.detail),
            difference: rounded(pair.similarity.difference),
            hash_bits: pair.similarity.bits,
        }
    };
    pairs.iter().map(line).collect()
}

/// The bytes of the file. Without pairs it holds only the header.
pub fn to_csv(lines: &[Line]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing flat structs of strings to memory cannot fail.
    for line in lines {
        let _ = writer.serialize(line);
    }
    if lines.is_empty() {
        let _ = writer.write_record([
            "image_a",
            "image_b",
            "lesion_a",
            "lesion_b",
            "dx_a",
            "dx_b",
            "source_a",
            "source_b",
            "part_a",
            "part_b",
            "symmetry",
            "detail",
            "difference",
            "hash_bits",
        ]);
    }
    writer.into_inner().unwrap_or_default()
}
