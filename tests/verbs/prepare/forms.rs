//! The forms that metadata are found in.

use std::fs;

use skinlesion::dataset::{Dataset, metadata};

use super::desk::{Desk, HEADER};
use crate::common::{ham, stderr};

#[test]
fn reads_the_metadata_in_every_form_it_is_found_in() {
    let desk = Desk::new();
    let samples = |text: String| {
        let file = desk.path("any name");
        fs::write(&file, text).unwrap();
        let rows = metadata::read(&file).unwrap().rows;
        rows.into_iter().map(|row| row.fields).collect::<Vec<_>>()
    };
    let text = format!("{HEADER}\n{}\n", desk.rows.join("\n"));
    let plain = samples(text.clone());
    assert_eq!(plain.len(), 77);
    assert_eq!(plain[0].source, "rosendahl");
    assert_eq!(samples(text.replace(',', "\t")), plain);
    assert_eq!(samples(text.replace('\n', "\r\n")), plain);
    assert_eq!(samples(format!("\u{feff}{text}")), plain);
    assert_eq!(samples(text.replace("HAM_akiec0", "\"HAM_akiec0\"")), plain);
    let without = samples(text.replace(",rosendahl", "").replace(",dataset", ""));
    assert_eq!(without.len(), 77);
    assert!(without.iter().all(|fields| fields.source.is_empty()));
}

#[test]
fn empty_fields_become_unknown_and_age_stays_as_written() {
    let mut desk = Desk::new();
    desk.rows[3] = "HAM_x,ISIC_001,akiec,consensus,,,,".to_owned();
    desk.rows[4] = "HAM_y,ISIC_010,akiec,histo,80.0,male,scalp,".to_owned();
    desk.write(HEADER, &desk.rows[3..5]);
    let rows = metadata::read(&desk.path("metadata.csv")).unwrap().rows;
    let [x, y] = [&rows[0].fields, &rows[1].fields];
    assert_eq!(
        (x.sex.as_str(), x.localization.as_str(), x.age.as_str()),
        ("unknown", "unknown", "")
    );
    assert_eq!(y.age, "80.0");
}

#[test]
fn reads_isic_ground_truth_where_each_image_is_its_own_lesion() {
    let desk = Desk::new();
    let rows: Vec<String> = (0..28)
        .map(|i| {
            let image = format!("ISIC_{}{}0", i % 7, i / 7);
            let marks: Vec<&str> = (0..7)
                .map(|c| if c == i % 7 { "1.0" } else { "0.0" })
                .collect();
            format!("{image},{}", marks.join(","))
        })
        .collect();
    desk.write("image,MEL,NV,BCC,AKIEC,BKL,DF,VASC", &rows);
    let output = desk.run_into("out", "");
    assert!(output.status.success(), "{}", stderr(&output));
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert_eq!(data.info.lesions, data.info.counts);
    let first = data
        .rows
        .iter()
        .find(|row| row.sample.image_id == "ISIC_000");
    assert_eq!(first.unwrap().sample.dx, ham("mel"));
    drop(data);

    desk.write(
        "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC",
        &["ISIC_000,1,0,0,0,0,0,1".to_owned()],
    );
    desk.refuses("--force", &["line 2: 2 diagnoses are 1"]);
    desk.write("image,MEL,NV,BCC,MOLE,BKL,DF,VASC", &rows);
    desk.refuses(
        "--force",
        &[
            "4 rows cannot be used",
            "line 5: unknown dx 'MOLE'",
            "akiec, bcc",
        ],
    );
}
