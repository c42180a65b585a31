//! Which images stand in which part or fold: duplicates and split together, before any image is opened.

use std::collections::{HashMap, HashSet};

use super::duplicates;
use super::duplicates::{Dedupe, Lesion};
use super::folds::Fold;
use super::hold_out;
use super::hold_out::Condition;
use super::info::Dropped;
use super::split;
use super::split::Assignment;
use super::split_fractions::{SplitFractions, SplitStrategy};
use super::{Sample, Split};
use crate::{Diagnosis, Error, Result};

/// What decides where an image goes.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What becomes of repeated images of a lesion.
    pub dedupe: Dedupe,
    /// What goes where.
    pub strategy: SplitStrategy,
    /// Lesions that go to the test part whatever the strategy: those that fulfil any of these.
    pub hold_out: Vec<Condition>,
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
            strategy: SplitStrategy::Drawn {
                val: SplitFractions::uniform(0.15).with(Diagnosis::Nv, 0.1),
                test: SplitFractions::uniform(0.0),
            },
            hold_out: Vec::new(),
            least_per_localization: 5,
            seed,
        }
    }

    /// How the parts are drawn, as `dataset.json` says it.
    pub fn split_in_words(&self) -> String {
        if self.hold_out.is_empty() {
            return self.strategy.to_string();
        }
        let conditions: Vec<String> = self.hold_out.iter().map(Condition::to_string).collect();
        let others = match self.strategy {
            SplitStrategy::AllTest => "all test".to_owned(),
            SplitStrategy::Drawn { val, .. } => format!("val {val} of each class"),
            SplitStrategy::Folded { folds, .. } => format!("{folds} folds"),
        };
        format!(
            "test every lesion with an image of {}; of the others {others}, by lesion, stratified by localization",
            conditions.join(" or "),
        )
    }
}

/// The images that are kept, and how many are not.
#[derive(Debug)]
pub struct Plan {
    /// The images that are kept, in the order of the samples.
    pub rows: Vec<Planned>,
    /// Rows left out, by reason.
    pub dropped: Vec<Dropped>,
    /// Lesions that joining brought elsewhere than they were drawn for.
    pub moved: usize,
}

/// An image that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The index of its sample.
    pub sample: usize,
    /// Its part; `train` if it is in a fold.
    pub split: Split,
    /// Its place in the folds.
    pub fold: Option<Fold>,
}

impl Plan {
    /// Divides samples, which must be sorted by image id.
    pub fn new(samples: &[Sample], rules: &Rules) -> Result<Self> {
        Self::joined(samples, rules, &[])
    }

    /// [`Plan::new`], after which the lesions of each group, given by their ids, are brought together. All
    /// lesions are drawn as without groups, so that the others stay where they were.
    pub fn joined(samples: &[Sample], rules: &Rules, groups: &[Vec<String>]) -> Result<Self> {
        let mut lesions = duplicates::lesions(samples, rules.dedupe);
        let rare = duplicates::drop_rare_localizations(
            samples,
            &mut lesions,
            rules.least_per_localization,
        );
        let (mut places, held_out) = places(samples, &lesions, rules)?;
        let moved = join(samples, &lesions, &mut places, &held_out, groups);
        let rows = rows(&lesions, &places);
        refuse_empty_splits(&rows, rules)?;

        let mut dropped = vec![Dropped {
            reason: repeats_of(rules).to_owned(),
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
        Ok(Self {
            rows,
            dropped,
            moved,
        })
    }
}

/// The place of each lesion: what is held out is test, the others are drawn. Also the ids of what is held out.
fn places<'a>(
    samples: &'a [Sample],
    lesions: &[Lesion],
    rules: &Rules,
) -> Result<(Vec<Assignment>, HashSet<&'a str>)> {
    let held_out = hold_out::lesions(samples, &rules.hold_out)?;
    let id = |lesion: &Lesion| samples[lesion.training[0]].lesion_id.as_str();
    let others: Vec<usize> = (0..lesions.len())
        .filter(|&index| !held_out.contains(id(&lesions[index])))
        .collect();
    let to_draw: Vec<Lesion> = others.iter().map(|&index| lesions[index].clone()).collect();
    let drawn = split::draw(&to_draw, &rules.strategy, rules.seed)?;
    let mut places = vec![Assignment::In(Split::Test); lesions.len()];
    for (index, place) in others.into_iter().zip(drawn) {
        places[index] = place;
    }
    Ok((places, held_out))
}

/// Brings the lesions of each group to one place, and returns how many had been elsewhere. A group with a lesion
/// that is held out goes to the test part, as its skin is of the collection that is held out. Any other goes to
/// the first of train, val and test, or to the lowest fold, that one of its lesions was drawn for: so nothing
/// comes into the test part that was not drawn for it.
fn join(
    samples: &[Sample],
    lesions: &[Lesion],
    places: &mut [Assignment],
    held_out: &HashSet<&str>,
    groups: &[Vec<String>],
) -> usize {
    let number_of: HashMap<&str, usize> = lesions
        .iter()
        .enumerate()
        .map(|(number, lesion)| (samples[lesion.training[0]].lesion_id.as_str(), number))
        .collect();
    let mut moved = 0;
    for group in groups {
        let members = group.iter().filter_map(|id| number_of.get(id.as_str()));
        let members: Vec<usize> = members.copied().collect();
        let first = members.iter().map(|&lesion| places[lesion]).min();
        let is_held_out = group.iter().any(|id| held_out.contains(id.as_str()));
        let place = first.map(|first| match is_held_out {
            true => Assignment::In(Split::Test),
            false => first,
        });
        for (lesion, place) in members.into_iter().zip(place.into_iter().cycle()) {
            moved += usize::from(places[lesion] != place);
            places[lesion] = place;
        }
    }
    moved
}

fn rows(lesions: &[Lesion], places: &[Assignment]) -> Vec<Planned> {
    let mut rows: Vec<Planned> = lesions
        .iter()
        .zip(places)
        .flat_map(|(lesion, &place)| {
            let images = match place {
                Assignment::In(Split::Val | Split::Test) => &lesion.held_out,
                Assignment::In(Split::Train) | Assignment::Fold(_) => &lesion.training,
            };
            images.iter().map(move |&sample| match place {
                Assignment::In(split) => Planned {
                    sample,
                    split,
                    fold: None,
                },
                Assignment::Fold(number) => Planned {
                    sample,
                    split: Split::Train,
                    fold: Some(Fold {
                        number,
                        validates: lesion.held_out.contains(&sample),
                    }),
                },
            })
        })
        .collect();
    rows.sort_unstable_by_key(|row| row.sample);
    rows
}

fn refuse_empty_splits(rows: &[Planned], rules: &Rules) -> Result<()> {
    let strategy = &rules.strategy;
    if *strategy == SplitStrategy::AllTest {
        return Ok(());
    }
    for part in Split::ALL {
        let wanted = match part {
            Split::Train => true,
            Split::Val => strategy.folds() == 0,
            Split::Test => !strategy.test().is_zero(),
        };
        if wanted && !rows.iter().any(|row| row.split == part) {
            return Err(Error::input(
                "the split",
                format!("the {part} part is empty"),
                if rules.hold_out.is_empty() {
                    "Choose other shares with --val and --test. Only --test may be 0; --as test makes a test set alone."
                } else {
                    "Hold out less, or choose another share with --val; --as test makes a test set alone."
                },
            ));
        }
    }
    Ok(())
}

/// The rows that a rule leaves out, in words.
fn repeats_of(rules: &Rules) -> &'static str {
    match rules.dedupe {
        Dedupe::Group if rules.strategy.folds() > 0 => "other images of a test lesion",
        Dedupe::Group => "other images of a validation or test lesion",
        Dedupe::Lesion => "other images of a lesion",
        Dedupe::Original => {
            "same lesion_id, dx, dx_type, age, sex and localization as another image"
        }
    }
}
