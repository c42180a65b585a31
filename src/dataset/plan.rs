//! Which images stand in which part: duplicates and split together, before any image is opened.

use super::duplicates::{self, Dedupe, Lesion};
use super::info::Dropped;
use super::shares::{Division, Shares};
use super::{Part, Sample, split};
use crate::{Diagnosis, Error, Result};

/// What decides where an image goes.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What becomes of repeated images of a lesion.
    pub dedupe: Dedupe,
    /// What goes where.
    pub division: Division,
    /// Localizations with fewer images of a class than this are left out; 0 keeps all.
    pub least_per_localization: usize,
    /// The seed of the draw.
    pub seed: u64,
}

impl Rules {
    /// What the original project did: its rule for duplicates, 10 % of nv and 15 % of the others for validation,
    /// no test part, and localizations with fewer than five images of a class left out. On HAM10000's metadata the
    /// parts have the sizes that it published (850 images for validation). Unlike there, the two lesions that
    /// its rule keeps twice are each in one part.
    pub fn original(seed: u64) -> Self {
        Self {
            dedupe: Dedupe::Original,
            division: Division::Drawn {
                val: Shares::uniform(0.15).with(Diagnosis::Nv, 0.1),
                test: Shares::uniform(0.0),
            },
            least_per_localization: 5,
            seed,
        }
    }
}

/// The images that are kept, and how many are not.
#[derive(Debug)]
pub struct Plan {
    /// Index of the sample and its part, in the order of the samples.
    pub rows: Vec<(usize, Part)>,
    /// Rows left out, by reason.
    pub dropped: Vec<Dropped>,
}

impl Plan {
    /// Divides samples, which must be sorted by image id.
    pub fn new(samples: &[Sample], rules: &Rules) -> Result<Self> {
        let mut lesions = duplicates::lesions(samples, rules.dedupe);
        let rare = duplicates::drop_rare_localizations(
            samples,
            &mut lesions,
            rules.least_per_localization,
        );
        let parts = split::draw(&lesions, &rules.division, rules.seed)?;
        let rows = rows(&lesions, &parts);
        refuse_empty_parts(&rows, &rules.division)?;

        let mut dropped = vec![Dropped {
            reason: repeats_of(rules.dedupe).to_owned(),
            rows: samples.len() - rows.len() - rare,
        }];
        if rules.least_per_localization > 0 {
            dropped.push(Dropped {
                reason: format!(
                    "localization with fewer than {} images of the class",
                    rules.least_per_localization
                ),
                rows: rare,
            });
        }
        Ok(Self { rows, dropped })
    }
}

fn rows(lesions: &[Lesion], parts: &[Part]) -> Vec<(usize, Part)> {
    let mut rows: Vec<(usize, Part)> = lesions
        .iter()
        .zip(parts)
        .flat_map(|(lesion, &part)| {
            let images = match part {
                Part::Train => &lesion.training,
                Part::Val | Part::Test => &lesion.held_out,
            };
            images.iter().map(move |&image| (image, part))
        })
        .collect();
    rows.sort_unstable();
    rows
}

fn refuse_empty_parts(rows: &[(usize, Part)], division: &Division) -> Result<()> {
    let Division::Drawn { test, .. } = division else {
        return Ok(());
    };
    for part in Part::ALL {
        let wanted = part != Part::Test || !test.is_zero();
        if wanted && !rows.iter().any(|(_, found)| *found == part) {
            return Err(Error::input(
                "the split",
                format!("the {part} part is empty"),
                "Choose other shares with --val and --test. Only --test may be 0; --as test makes a test set alone.",
            ));
        }
    }
    Ok(())
}

/// The rows that a rule leaves out, in words.
fn repeats_of(dedupe: Dedupe) -> &'static str {
    match dedupe {
        Dedupe::Group => "other images of a validation or test lesion",
        Dedupe::Lesion => "other images of a lesion",
        Dedupe::Original => {
            "same lesion_id, dx, dx_type, age, sex and localization as another image"
        }
    }
}
