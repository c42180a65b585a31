use std::collections::{BTreeMap, BTreeSet};

use super::diagnosis::Diagnosis;
use super::*;
use crate::dataset::Sample;
use crate::progress::Silent;

/// Small pictures of the smallest number of lesions, for speed.
fn small(seed: u64) -> Options {
    Options {
        lesions: FEWEST_LESIONS,
        seed,
        width: 96,
        height: 72,
        replace: false,
    }
}

#[test]
fn a_drawn_folder_has_ham10000s_form() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("drawn");
    let metadata = draw(&out, &small(1), &Silent).unwrap();
    assert_eq!(metadata, out.join("HAM10000_metadata.csv"));

    let text = fs::read_to_string(&metadata).unwrap();
    let header = "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset";
    assert_eq!(text.lines().next(), Some(header));
    let ids: BTreeSet<&str> = (text.lines().skip(1))
        .map(|line| line.split(',').nth(1).unwrap())
        .collect();
    let mut found = BTreeSet::new();
    for folder in IMAGE_FOLDERS {
        let entries: Vec<_> = fs::read_dir(out.join(folder)).unwrap().collect();
        assert!(!entries.is_empty());
        for entry in entries {
            let path = entry.unwrap().path();
            assert_eq!(image::image_dimensions(&path).unwrap(), (96, 72));
            found.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    assert!(found.iter().map(String::as_str).eq(ids));
}

#[test]
fn the_seed_determines_the_bytes() {
    let options = small(7);
    let records = record::records(options.lesions, options.seed);
    let draw = |options: &Options| photograph(&records[3], options).unwrap();
    assert_eq!(draw(&options), draw(&options));
    assert_ne!(draw(&options), draw(&small(8)));
}

#[test]
fn photographs_of_a_lesion_differ_from_each_other() {
    let options = small(7);
    let records = record::records(options.lesions, options.seed);
    let second = records.iter().find(|record| record.shot == 2).unwrap();
    let first = Record {
        shot: 1,
        ..second.clone()
    };
    let draw = |record: &Record| photograph(record, &options).unwrap();
    assert_ne!(draw(&first), draw(second));
}

#[test]
fn classes_are_unequal_but_none_is_rare() {
    for lesions in [FEWEST_LESIONS, 333, 1000] {
        let mut counts = BTreeMap::new();
        for record in record::records(lesions, 5) {
            if record.shot == 1 {
                *counts.entry(record.diagnosis).or_insert(0) += 1;
            }
        }
        assert_eq!(counts.values().sum::<usize>(), lesions);
        assert_eq!(counts.len(), Diagnosis::ALL.len());
        let most = counts.values().max().unwrap();
        assert_eq!(counts[&Diagnosis::Nv], *most);
        for count in counts.values() {
            assert!(*count * 100 >= 4 * lesions && *count >= 3);
        }
    }
}

#[test]
fn a_quarter_of_the_lesions_repeat_with_the_same_patient() {
    let records = record::records(1000, 5);
    let mut lesions: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in &records {
        let lesion = lesions.entry(&record.sample.lesion_id).or_default();
        lesion.push(record);
    }
    assert_eq!(lesions.len(), 1000);
    let repeated = lesions.values().filter(|shots| shots.len() > 1).count();
    assert!((200..300).contains(&repeated), "{repeated}");
    for shots in lesions.values() {
        assert!(shots.len() <= 4);
        for shot in shots {
            let mut sample = shot.sample.clone();
            sample.image_id = shots[0].sample.image_id.clone();
            assert_eq!(sample, shots[0].sample);
        }
    }
}

#[test]
fn metadata_has_gaps_and_rare_localizations() {
    let records = record::records(1000, 5);
    let having = |what: fn(&Sample) -> bool| records.iter().filter(|r| what(&r.sample)).count();
    assert!(having(|sample| sample.age.is_empty()) > 0);
    assert!(having(|sample| sample.sex == "unknown") > 0);
    let rare = having(|sample| ["ear", "genital", "acral"].contains(&sample.localization.as_str()));
    assert!((1..50).contains(&rare), "{rare}");
}

/// Hairs, illumination and zoom must not depend on the class.
#[test]
fn shots_do_not_depend_on_the_class() {
    let options = small(3);
    let mut record = record::records(options.lesions, options.seed)[0].clone();
    let shot = |record: &Record| shot_of(record, &options);
    let before = shot(&record);
    for diagnosis in Diagnosis::ALL {
        (record.diagnosis, record.sample.dx) = (diagnosis, diagnosis.class());
        assert_eq!(shot(&record), before);
    }
    record.lesion += 1;
    assert_ne!(shot(&record), before);
}

#[test]
fn too_few_lesions_are_refused_before_anything_is_written() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("drawn");
    let few = Options {
        lesions: FEWEST_LESIONS - 1,
        ..small(1)
    };
    assert!(draw(&out, &few, &Silent).is_err());
    assert!(!out.exists());
}

#[test]
fn a_folder_with_other_files_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine"), "mine").unwrap();
    let replace = Options {
        replace: true,
        ..small(1)
    };
    for options in [small(1), replace] {
        assert!(draw(home.path(), &options, &Silent).is_err());
        assert!(home.path().join("mine").is_file());
    }
}
