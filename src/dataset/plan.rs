//! Assigns images to splits or folds: deduplication and split, from the metadata alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::duplicates::{self, Dedupe, Lesion};
use super::folds::Fold;
use super::group_by::{self, GroupBy};
use super::hold_out::{self, Condition};
use super::info::Dropped;
use super::split::{self, Assignment};
use super::split_fractions::{SplitFractions, SplitStrategy};
use super::strata::Stratify;
use super::{Sample, Split};
use crate::{Class, ClassList, Error, Result};

/// The rules of deduplication and split.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The deduplication rule.
    pub dedupe: Dedupe,
    /// The split strategy.
    pub strategy: SplitStrategy,
    /// What the split is stratified by.
    pub stratify: Stratify,
    /// Lesions that match any of these conditions are test, whatever the strategy.
    pub hold_out: Vec<Condition>,
    /// What is kept whole.
    pub group_by: GroupBy,
    /// Localizations with fewer images of a class than this are left out. 0 keeps all.
    pub least_per_localization: usize,
    /// The random seed of the split.
    pub seed: u64,
}

impl Rules {
    /// The rules of the original project: its deduplication, 10 % of nv and 15 % of the other classes for validation,
    /// no test split, and no localizations with fewer than five images of a class. On HAM10000's metadata the splits
    /// have the published sizes (850 validation images). Unlike there, the two lesions with two kept images are each
    /// in one split.
    pub fn original(seed: u64) -> Self {
        Self {
            dedupe: Dedupe::Original,
            strategy: SplitStrategy::Drawn {
                val: SplitFractions::uniform(0.15).with("nv", 0.1),
                test: SplitFractions::uniform(0.0),
            },
            stratify: Stratify::Localization,
            hold_out: Vec::new(),
            group_by: GroupBy::LesionId,
            least_per_localization: 5,
            seed,
        }
    }

    /// The description of the split in `dataset.json`.
    pub fn describe_split(&self) -> String {
        let unit = match self.group_by {
            GroupBy::LesionId => "lesion",
            GroupBy::PatientId => "patient",
            GroupBy::Both => "lesion and patient",
        };
        let drawn = format!("by {unit}, stratified by {}", self.stratify);
        if self.hold_out.is_empty() {
            let fractions = self.strategy.describe();
            return match self.strategy {
                SplitStrategy::Given(_) | SplitStrategy::AllTest => fractions,
                SplitStrategy::Drawn { .. } | SplitStrategy::Folded { .. } => {
                    format!("{fractions}, {drawn}")
                }
            };
        }
        let conditions: Vec<String> = self.hold_out.iter().map(Condition::to_string).collect();
        let others = match &self.strategy {
            SplitStrategy::Given(_) => "as given by folders".to_owned(),
            SplitStrategy::AllTest => "all test".to_owned(),
            SplitStrategy::Drawn { val, .. } => format!("val {val} of each class"),
            SplitStrategy::Folded { folds, .. } => format!("{folds} folds"),
        };
        format!(
            "test every lesion with an image of {}; of the others {others}, {drawn}",
            conditions.join(" or "),
        )
    }
}

/// The images that are kept, and the number of those that are not.
#[derive(Debug)]
pub struct Plan {
    /// The images that are kept, in the order of the samples.
    pub rows: Vec<Planned>,
    /// Rows that are left out, by reason.
    pub dropped: Vec<Dropped>,
    /// The number of lesions that joining near-duplicates moved to another split or fold.
    pub moved: usize,
}

/// An image that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The index of its sample.
    pub sample: usize,
    /// Its split; `train` if it is in a fold.
    pub split: Split,
    /// Its fold, in a plan with folds.
    pub fold: Option<Fold>,
}

impl Plan {
    /// Plans the split of `samples`, which must be sorted by image id.
    pub fn new(classes: ClassList, samples: &[Sample], rules: &Rules) -> Result<Self> {
        Self::joined(classes, samples, rules, &[])
    }

    /// [`Plan::new`], followed by joining: the lesions of each group, given by their ids, get one assignment. Lesions
    /// are drawn as without groups, so that lesions outside the groups keep their assignments.
    pub fn joined(
        classes: ClassList,
        samples: &[Sample],
        rules: &Rules,
        groups: &[Vec<String>],
    ) -> Result<Self> {
        rules.strategy.check(classes)?;
        let mut lesions = duplicates::lesions(samples, rules.dedupe);
        let rare = duplicates::drop_rare_localizations(
            samples,
            &mut lesions,
            rules.least_per_localization,
        );
        let (mut assignments, held_out) = assign(classes, samples, &lesions, rules)?;
        let moved = match rules.group_by.keeps_patients() && !groups.is_empty() {
            false => join(samples, &lesions, &mut assignments, &held_out, groups),
            true => {
                let groups = with_patients(samples, &lesions, rules.group_by, groups);
                join(samples, &lesions, &mut assignments, &held_out, &groups)
            }
        };
        let rows = rows(&lesions, &assignments);
        refuse_empty_splits(&rows, rules)?;

        let mut dropped = vec![Dropped {
            reason: drop_reason(rules).to_owned(),
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

/// The assignment of each lesion: held-out lesions are test, the others are drawn. Also returns the held-out ids.
fn assign<'a>(
    classes: ClassList,
    samples: &'a [Sample],
    lesions: &[Lesion],
    rules: &Rules,
) -> Result<(Vec<Assignment>, HashSet<&'a str>)> {
    let held_out = hold_out::lesions(samples, &rules.hold_out)?;
    if let SplitStrategy::Given(splits) = &rules.strategy {
        let split = |lesion: &Lesion| splits.get(&samples[lesion.training[0]].image_id);
        let given = |lesion| Assignment::In(split(lesion).copied().unwrap_or(Split::Train));
        return Ok((lesions.iter().map(given).collect(), held_out));
    }
    let id = |lesion: &Lesion| samples[lesion.training[0]].lesion_id.as_str();
    let mut lesions_of_class: BTreeMap<Class, usize> = BTreeMap::new();
    for lesion in lesions {
        *lesions_of_class.entry(lesion.dx).or_default() += 1;
    }
    let is_held_out = |unit: &[usize]| unit.iter().any(|&one| held_out.contains(id(&lesions[one])));
    let units: Vec<Vec<usize>> = (group_by::units(samples, lesions, rules.group_by).into_iter())
        .filter(|unit| !is_held_out(unit))
        .collect();
    let to_draw: Vec<Lesion> = (units.iter())
        .map(|unit| group_by::merged(lesions, unit, &lesions_of_class))
        .collect();
    let drawn = split::draw(
        classes,
        &to_draw,
        &rules.strategy,
        rules.stratify,
        rules.seed,
    )?;
    let mut assignments = vec![Assignment::In(Split::Test); lesions.len()];
    for (unit, assignment) in units.into_iter().zip(drawn) {
        for lesion in unit {
            assignments[lesion] = assignment;
        }
    }
    Ok((assignments, held_out))
}

/// Groups of near-duplicates with all other lesions of their patients. Groups that have a patient in common become one.
fn with_patients(
    samples: &[Sample],
    lesions: &[Lesion],
    by: GroupBy,
    groups: &[Vec<String>],
) -> Vec<Vec<String>> {
    let id = |lesion: usize| samples[lesions[lesion].training[0]].lesion_id.clone();
    let units = group_by::units(samples, lesions, by);
    let mut whole: Vec<Vec<String>> = (units.iter())
        .map(|unit| unit.iter().map(|&lesion| id(lesion)).collect())
        .collect();
    for group in groups {
        let touches = |unit: &Vec<String>| unit.iter().any(|id| group.contains(id));
        let (together, others): (Vec<_>, Vec<_>) = whole.into_iter().partition(touches);
        whole = others;
        whole.push(together.concat());
    }
    whole.retain(|unit| unit.len() > 1);
    whole
}

/// Gives the lesions of each group one assignment, and returns how many of them moved. A group with a held-out lesion
/// is test, because its skin belongs to the held-out collection. Any other group gets the first of train, val and
/// test, or the lowest fold, that was drawn for one of its lesions. Only groups with a held-out lesion therefore add
/// lesions to the test split that were not drawn for it.
fn join(
    samples: &[Sample],
    lesions: &[Lesion],
    assignments: &mut [Assignment],
    held_out: &HashSet<&str>,
    groups: &[Vec<String>],
) -> usize {
    let index_of: HashMap<&str, usize> = lesions
        .iter()
        .enumerate()
        .map(|(index, lesion)| (samples[lesion.training[0]].lesion_id.as_str(), index))
        .collect();
    let mut moved = 0;
    for group in groups {
        let members = group.iter().filter_map(|id| index_of.get(id.as_str()));
        let members: Vec<usize> = members.copied().collect();
        let first = members.iter().map(|&lesion| assignments[lesion]).min();
        let is_held_out = group.iter().any(|id| held_out.contains(id.as_str()));
        let assignment = first.map(|first| match is_held_out {
            true => Assignment::In(Split::Test),
            false => first,
        });
        for (lesion, assignment) in members.into_iter().zip(assignment.into_iter().cycle()) {
            moved += usize::from(assignments[lesion] != assignment);
            assignments[lesion] = assignment;
        }
    }
    moved
}

fn rows(lesions: &[Lesion], assignments: &[Assignment]) -> Vec<Planned> {
    let mut rows: Vec<Planned> = lesions
        .iter()
        .zip(assignments)
        .flat_map(|(lesion, &assignment)| {
            let images = match assignment {
                Assignment::In(Split::Val | Split::Test) => &lesion.held_out,
                Assignment::In(Split::Train) | Assignment::Fold(_) => &lesion.training,
            };
            images.iter().map(move |&sample| match assignment {
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
    for split in Split::ALL {
        let required = match split {
            Split::Train => true,
            Split::Val => strategy.folds() == 0,
            Split::Test => !strategy.test().is_zero(),
        };
        if required && !rows.iter().any(|row| row.split == split) {
            return Err(Error::input(
                split::PLACE,
                format!("the {split} split is empty"),
                if rules.hold_out.is_empty() {
                    "Choose other fractions with --val and --test. Only --test may be 0. For a test set only, pass --as test."
                } else {
                    "Hold out fewer lesions, or choose another fraction with --val. For a test set only, pass --as test."
                },
            ));
        }
    }
    Ok(())
}

/// The reason in `dataset.json` for the rows that deduplication leaves out.
fn drop_reason(rules: &Rules) -> &'static str {
    match rules.dedupe {
        Dedupe::Group if rules.strategy.folds() > 0 => "other images of a test lesion",
        Dedupe::Group => "other images of a validation or test lesion",
        Dedupe::Lesion => "other images of a lesion",
        Dedupe::Original => {
            "same lesion_id, dx, dx_type, age, sex and localization as another image"
        }
    }
}
