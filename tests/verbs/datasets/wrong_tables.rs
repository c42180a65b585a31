//! Tables that cannot be understood are refused before any work: the message has the file, the line, what was expected
//! and what helps.

use super::Published;
use crate::common::stderr;

/// A table below its header, the flags beside `--metadata table.csv --images images`, and what the message says.
type Case<'a> = (&'a str, &'a str, &'a [&'a str]);

const ONE_TABLE: [Case; 35] = [
    // Columns.
    ("", "", &["table.csv", "no rows below the header"]),
    (
        "image_id,dx\n",
        "",
        &["table.csv", "no rows below the header"],
    ),
    (
        "dx,age\nnv,5\n",
        "",
        &[
            "table.csv:1",
            "no column of images",
            "image_id, image, isic_id",
        ],
    ),
    (
        "image_id,colour\na,red\n",
        "",
        &["table.csv:1", "no column of labels", "dx, diagnosis"],
    ),
    (
        "image_id,age\na,5\n",
        "",
        &["table.csv", "no column of labels", "another --metadata"],
    ),
    (
        "image_id,dx,dx\na,nv,mel\n",
        "",
        &["table.csv:1", "the column dx occurs 2 times", "rename"],
    ),
    (
        "image_id,dx,DX\na,nv,mel\n",
        "",
        &["table.csv:1", "occurs 2 times"],
    ),
    (
        "image,MEL\na,1\n",
        "",
        &["table.csv:1", "no column of labels"],
    ),
    // Rows.
    (
        "image_id,dx\na,nv\nb\n",
        "",
        &["table.csv:3", "1 fields where the header has 2"],
    ),
    (
        "image_id,dx\na,nv,extra\n",
        "",
        &["table.csv:2", "3 fields where the header has 2"],
    ),
    (
        "image_id,dx\na,nv\n,mel\n",
        "",
        &["table.csv", "line 3: no image id"],
    ),
    (
        "image_id,dx\na,nv\na,mel\n",
        "",
        &["table.csv", "lines 2 and 3", "dx 'nv' and 'mel'"],
    ),
    (
        "image_id,dx,age\na,nv,5\na,nv,6\n",
        "",
        &["lines 2 and 3", "age '5' and '6'"],
    ),
    (
        "image_id,dx,lesion_id\na,nv,x\nb,mel,x\n",
        "",
        &["x is nv and mel", "one diagnosis"],
    ),
    ("image_id,dx\na,\"nv\nb,mel\n", "", &["table.csv", "quote"]),
    (
        "image_id,dx\na,n\u{7}v\n",
        "",
        &["line 2: label", "control characters"],
    ),
    (
        "image_id,dx,age\na,nv,abc\n",
        "",
        &["line 2: 'abc' is not an age"],
    ),
    (
        "image_id,dx,age\na,nv,200\n",
        "",
        &["line 2: '200' is not an age"],
    ),
    (
        "image_id,dx,age\na,nv,-1\n",
        "",
        &["line 2: '-1' is not an age"],
    ),
    // Labels.
    (
        "image_id,dx\na,nv\nb,mel\nc,mole\n",
        "",
        &["line 4: unknown dx 'mole'", "--map LABEL=CODE", "--drop"],
    ),
    (
        "image_id,dx\na,nv\nb,\n",
        "",
        &["line 3: no label", "--drop ''"],
    ),
    (
        "image_id,dx\na,wart\nb,mole\n",
        "",
        &["'mole', 'wart'", "skinlesion classes --from"],
    ),
    (
        "image_id,dx\na,nv\nb,scc\n",
        "--classes ham10000",
        &["line 3: unknown dx 'scc'", "akiec, bcc", "--classes"],
    ),
    (
        "image,MEL,NV\na,1,1\n",
        "",
        &["line 2: 2 diagnoses are 1, but exactly one must be"],
    ),
    (
        "image,MEL,NV\na,1,0\nb,0,0\n",
        "",
        &["line 3: no column is 1", "--map none=CODE"],
    ),
    (
        "image,MEL,NV\na,1,0\nb,0.5,0\n",
        "",
        &["line 3: '0.5' for MEL is neither 0 nor 1"],
    ),
    // Flags.
    (
        "image_id,dx\na,nv\n",
        "--classes eczema",
        &["--classes eczema", "isic2019"],
    ),
    (
        "image_id,dx\na,nv\n",
        "--map mole=nv",
        &["--map mole", "no row of table.csv has this label", "'nv'"],
    ),
    (
        "image_id,dx\na,nv\nb,x\n",
        "--map x=zz",
        &["--map x=zz", "'zz' is not one of"],
    ),
    (
        "image_id,dx\na,nv\nb,x\n",
        "--map x=nv --map x=mel",
        &["mapped twice"],
    ),
    (
        "image_id,dx\na,nv\n",
        "--drop mole",
        &["--drop mole", "no row of table.csv"],
    ),
    (
        "image_id,dx\na,nv\nb,x\n",
        "--map x=nv --drop x",
        &["--drop x", "--map gives this label a class"],
    ),
    (
        "image_id,dx\na,nv\n",
        "--group-by patient_id",
        &["--group-by patient_id", "no column patient_id"],
    ),
    (
        "image_id,dx\na,nv\nb,mel\n",
        "--val mole=.1,default=.2",
        &["--val", "'mole' is not one of akiec"],
    ),
    (
        "image_id,dx\na,nv\nb,mel\n",
        "--test nv=.1",
        &["--test", "no fraction for akiec", "default=FRACTION"],
    ),
];

#[test]
fn a_wrong_table_is_refused_with_file_line_expectation_and_flag() {
    let set = Published::new();
    for image in ["a", "b", "c"] {
        set.draw(&format!("images/{image}.jpg"), 1);
    }
    for (text, flags, expected) in ONE_TABLE {
        std::fs::write(set.path("table.csv"), text).unwrap();
        let output = set.prepare(&format!("--metadata table.csv --images images {flags}"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text:?} {flags}: {said}");
        for expected in expected {
            assert!(
                said.contains(expected),
                "{text:?} {flags}: no {expected:?} in: {said}"
            );
        }
        assert!(!set.path("data").exists());
    }
}

#[test]
fn wrong_pairs_of_tables_class_files_and_folders_are_refused() {
    let set = Published::new();
    set.draw("images/a.jpg", 1);
    set.draw("images/b.jpg", 2);
    set.draw("loose/a.jpg", 1);
    set.draw("half/train/nv/a.jpg", 1);
    for split in ["train", "val"] {
        set.draw(&format!("whole/{split}/nv/{split}.jpg"), 1);
    }
    let write = |name: &str, text: &str| std::fs::write(set.path(name), text).unwrap();
    write("one.csv", "image_id,dx\na,nv\n");
    write("same.csv", "image_id,dx\na,nv\n");
    write("ages.csv", "image_id,age\na,5\n");
    write("latin.csv", "image_id,dx\n");
    std::fs::write(set.path("latin.csv"), b"image_id,dx\na,n\xe6vus\n").unwrap();
    write(
        "short.toml",
        "[[class]]\ncode = 'a'\nname = 'A'\nmalignant = true\n",
    );
    write(
        "typo.toml",
        "[[class]]\ncode = 'a'\nname = 'A'\nmalignent = true\n",
    );
    for (flags, expected) in [
        (
            "--metadata one.csv --metadata same.csv --images images",
            &["image id in two tables", "one.csv line 2"][..],
        ),
        (
            "--metadata ages.csv --metadata ages.csv --images images",
            &["no column of labels"],
        ),
        (
            "--metadata latin.csv --images images",
            &["latin.csv:2", "UTF-8"],
        ),
        (
            "--metadata one.csv --images images --classes short.toml",
            &["short.toml", "2 to 100 classes"],
        ),
        (
            "--metadata one.csv --images images --classes typo.toml",
            &["typo.toml:4", "malignent"],
        ),
        ("--metadata none.csv --images images", &["none.csv"]),
        ("--images-by-class loose", &["outside of a class folder"]),
        ("--images-by-class half", &["no folder val"]),
        (
            "--images-by-class whole --folds 3",
            &["whole: its folders give the splits", "--folds"],
        ),
    ] {
        let output = set.prepare(flags);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{flags}: {said}");
        for expected in expected {
            assert!(
                said.contains(expected),
                "{flags}: no {expected:?} in: {said}"
            );
        }
    }
}

#[test]
fn tables_that_complete_others_must_agree_and_rows_without_lesion_are_pointed_out() {
    let set = Published::new();
    let images = ["a", "b", "c"];
    for (seed, image) in images.iter().enumerate() {
        set.draw(&format!("images/{image}.jpg"), seed as u64);
    }
    let table = |name: &str, header: &str, cells: [&str; 3]| {
        let rows = images.iter().zip(cells);
        set.table(
            name,
            header,
            rows.map(|(image, cell)| format!("{image},{cell}")),
        );
    };
    table("labels.csv", "image_id,dx", ["nv", "mel", "nv"]);
    table(
        "lesions.csv",
        "image_id,lesion_id,age",
        ["x,60", "y,", "z,5"],
    );
    table("ages.csv", "image_id,age", ["61", "40", "5"]);
    table("others.csv", "image_id,lesion_id", ["y", "y", "z"]);
    table(
        "both.csv",
        "image_id,dx,lesion_id",
        ["nv,x", "mel,y", "nv,z"],
    );
    for (tables, problem) in [
        (
            ["labels", "lesions", "ages"],
            "ages.csv line 2: age of a is 61, but 60 in another table",
        ),
        (
            ["labels", "ages", "lesions"],
            "lesions.csv line 2: age of a is 60, but 61 in another",
        ),
        (
            ["both", "others", "ages"],
            "both.csv line 2: lesion_id of a is y, but x in another table",
        ),
    ] {
        let tables = tables
            .map(|name| format!("--metadata {name}.csv"))
            .join(" ");
        let output = set.prepare(&format!("{tables} --images images --as test"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{tables}: {said}");
        assert!(said.contains(problem), "{tables}: {said}");
    }

    // Forms of the same value, unknown ones and images without a label are no contradictions.
    table(
        "more.csv",
        "image_id,age,sex",
        ["60.0,Male", "NaN,female", "5,"],
    );
    set.table(
        "forms.csv",
        "image_id,age,sex",
        ["a,60,male", "b,40,", "c,na,male", "q,1,", "a,60,male"]
            .map(str::to_owned)
            .into_iter(),
    );
    set.table(
        "strangers.csv",
        "image_id,age",
        ["q,2".to_owned(), "c,5".to_owned()].into_iter(),
    );
    let manifest = |tables: [&str; 4]| {
        let tables = tables
            .map(|name| format!("--metadata {name}.csv"))
            .join(" ");
        let output = set.prepare(&format!("{tables} --images images --as test --force"));
        assert!(output.status.success(), "{tables}: {}", stderr(&output));
        std::fs::read_to_string(set.path("data/manifest.csv")).unwrap()
    };
    let one = manifest(["labels", "more", "forms", "strangers"]);
    assert_eq!(one, manifest(["strangers", "forms", "labels", "more"]));
    assert!(one.contains(",40,") && !one.contains("NaN"), "{one}");
    std::fs::remove_dir_all(set.path("data")).unwrap();

    set.table(
        "some.csv",
        "image_id,lesion_id",
        ["a,x".to_owned()].into_iter(),
    );
    set.table(
        "none.csv",
        "image_id,lesion_id",
        ["q,x".to_owned()].into_iter(),
    );
    let tables = "--metadata labels.csv --metadata some.csv --metadata none.csv";
    let output = set.prepare(&format!("{tables} --images images --as test"));
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("names no lesions or patients for 2 of its 3 images"),
        "{said}"
    );
    assert!(said.contains("none.csv completes no row"), "{said}");
}
