//! The real metadata and real photographs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use skinlesion::DEFAULT_SEED;
use skinlesion::classes::ham10000;
use skinlesion::dataset::duplicates::Dedupe;
use skinlesion::dataset::group_by::GroupBy;
use skinlesion::dataset::label_rules::LabelRules;
use skinlesion::dataset::plan::{Plan, Rules};
use skinlesion::dataset::split_fractions::{SplitFractions, SplitStrategy};
use skinlesion::dataset::strata::Stratify;
use skinlesion::dataset::tables::{self, Table};
use skinlesion::dataset::{Dataset, Sample, Split};
use skinlesion::progress::Silent;

use super::desk::{Desk, names};
use crate::common::{shared, stderr};

#[test]
fn the_real_metadata_loses_as_many_rows_as_is_known() {
    let Some(file) = shared("ham10000/HAM10000_metadata.csv") else {
        return;
    };
    let samples = real_samples(&file);
    let rows_left = |rules: Rules| Plan::new(ham10000(), &samples, &rules).unwrap().rows.len();
    let original = Rules::original(DEFAULT_SEED);
    let all = Rules {
        least_per_localization: 0,
        ..original
    };
    assert_eq!(10_015 - rows_left(all.clone()), 2_543);
    assert_eq!(
        10_015
            - rows_left(Rules {
                dedupe: Dedupe::Lesion,
                ..all
            }),
        2_545
    );
}

#[test]
fn the_original_preset_has_the_validation_set_that_was_published() {
    let Some(file) = shared("ham10000/HAM10000_metadata.csv") else {
        return;
    };
    let samples = real_samples(&file);
    let plan = Plan::new(ham10000(), &samples, &Rules::original(DEFAULT_SEED)).unwrap();
    let mut supports = [0; 7];
    for row in plan.rows {
        supports[samples[row.sample].dx.index()] += usize::from(row.split == Split::Val);
    }
    assert_eq!(supports, [34, 49, 109, 11, 93, 540, 14]);
}

#[test]
fn folds_leave_the_real_test_part_as_it_is() {
    let Some(file) = shared("ham10000/HAM10000_metadata.csv") else {
        return;
    };
    let samples = real_samples(&file);
    let test_of = |strategy: SplitStrategy| {
        let rules = Rules {
            dedupe: Dedupe::Group,
            strategy,
            stratify: Stratify::Localization,
            hold_out: Vec::new(),
            group_by: GroupBy::default(),
            least_per_localization: 0,
            seed: DEFAULT_SEED,
        };
        let rows = Plan::new(ham10000(), &samples, &rules).unwrap().rows;
        let test = rows.into_iter().filter(|row| row.split == Split::Test);
        test.map(|row| row.sample).collect::<Vec<_>>()
    };
    let test = SplitFractions::DEFAULT;
    let without = test_of(SplitStrategy::Drawn {
        val: test.clone(),
        test: test.clone(),
    });
    assert_eq!(without.len(), 1125);
    for folds in [2, 5, 20] {
        assert_eq!(
            test_of(SplitStrategy::Folded {
                folds,
                test: test.clone()
            }),
            without
        );
    }
}

#[test]
fn folds_of_three_real_tables_share_each_source_evenly() {
    let files = [
        shared("ham10000/HAM10000_metadata.csv"),
        shared("isic2018_validation/metadata.csv"),
        shared("isic2017/metadata.csv"),
    ];
    let [Some(ham), Some(validation), Some(isic2017)] = files else {
        return;
    };
    let tables = [ham, validation, isic2017].map(|file| Table {
        file,
        source: String::new(),
    });
    let read = tables::read(&tables, &LabelRules::default(), &Silent).unwrap();
    assert_eq!(read.rows_read, 10_015 + 193 + 2_150);
    assert_eq!(read.rows.len(), read.rows_read);
    let samples: Vec<Sample> = read.rows.into_iter().map(|row| row.sample).collect();
    let rules = Rules {
        dedupe: Dedupe::Lesion,
        strategy: SplitStrategy::Folded {
            folds: 5,
            test: SplitFractions::uniform(0.0),
        },
        stratify: Stratify::SourceAndLocalization,
        hold_out: Vec::new(),
        group_by: GroupBy::default(),
        least_per_localization: 0,
        seed: DEFAULT_SEED,
    };
    let rows = Plan::new(ham10000(), &samples, &rules).unwrap().rows;
    assert_eq!(rows.len(), 7_470 + 145 + 2_137);
    // Stratified by localization alone, a fold has up to a third fewer lesions of a source than another.
    let mut lesions: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for row in rows {
        let source = samples[row.sample].source.as_str();
        lesions.entry(source).or_default()[row.fold.unwrap().number] += 1;
    }
    assert_eq!(lesions.len(), 6);
    for (source, lesions) in lesions {
        let mean = lesions.iter().sum::<usize>() as f64 / 5.0;
        for lesions in lesions {
            assert!(
                (lesions as f64 / mean - 1.0).abs() < 0.1,
                "{source}: {lesions} of {mean}"
            );
        }
    }
}

fn real_samples(file: &Path) -> Vec<Sample> {
    let table = Table {
        file: file.to_owned(),
        source: String::new(),
    };
    let read = tables::read(&[table], &LabelRules::default(), &Silent).unwrap();
    read.rows.into_iter().map(|row| row.sample).collect()
}

#[test]
fn real_images_go_through() {
    let (Some(originals), Some(metadata)) = (
        shared("ham10000_originals"),
        shared("ham10000/HAM10000_metadata.csv"),
    ) else {
        return;
    };
    let desk = Desk::new();
    fs::copy(&metadata, desk.path("metadata.csv")).unwrap();
    fs::create_dir(desk.path("real")).unwrap();
    for name in names(&originals)
        .iter()
        .filter(|n| n.ends_with(".jpg"))
        .step_by(15)
    {
        fs::copy(originals.join(name), desk.path("real").join(name)).unwrap();
    }
    let output = desk.run(
        "real",
        "out",
        "--as test --allow-missing --dedupe original --size 224",
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert!(data.rows.len() > 5);
    for (index, row) in data.rows.iter().enumerate() {
        let bytes = &data.pixels.image(index).unwrap();
        let mean = bytes.iter().map(|&b| usize::from(b)).sum::<usize>() / bytes.len();
        assert!((60..240).contains(&mean), "{}: {mean}", row.sample.image_id);
    }
}
