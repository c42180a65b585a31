//! Files are compared with the checkpoint before they are kept.

use super::*;

fn plan(format: Format) -> Plan {
    Plan {
        formats: vec![format],
        input: InputKind::Unit,
        resizes: false,
        ranges: RangeRule::default(),
        tolerance: 1.0,
    }
}

#[test]
fn an_int8_file_that_loses_too_much_is_not_left_behind() {
    let home = tempfile::tempdir().unwrap();
    let source = ExportSource::read(&random_checkpoint(home.path())).unwrap();
    let mut images = Images::noise(ham10000(), ResizeRule::square(SIZE), 24);
    let answers = sound_answers(home.path(), &images);
    // Every answer of the checkpoint is right, and calibration saw nothing but black.
    images.truths.truths = answers
        .probabilities
        .iter()
        .map(|row| row.ranked()[0].0)
        .collect();
    let black = vec![vec![0; (SIZE * SIZE * 3) as usize]; 4];
    let description = Description::new(&source.metadata, &source.sha256);
    let inputs = ExportInputs {
        images: &images,
        answers: &answers,
        decisions: &description.decisions,
        calibration: &black,
    };
    let folder = home.path().join("out");
    std::fs::create_dir(&folder).unwrap();
    let mut plan = plan(Format::OnnxInt8);
    plan.ranges = RangeRule::MinMax;
    let (written, failed_formats) = write::write(
        &source,
        &description,
        &plan,
        &folder,
        &inputs,
        None,
        &Silent,
    )
    .unwrap();
    assert!(written.is_empty());
    assert!(
        failed_formats[0]
            .why
            .contains("points of balanced accuracy"),
        "{}",
        failed_formats[0].why
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn files_that_resize_are_verified_as_they_are_written() {
    let home = tempfile::tempdir().unwrap();
    let source = ExportSource::read(&random_checkpoint(home.path())).unwrap();
    let images = Images::noise(ham10000(), ResizeRule::square(SIZE), 4);
    let mut answers = sound_answers(home.path(), &images);
    let description = Description::new(&source.metadata, &source.sha256);
    let plan = |input| Plan {
        formats: vec![Format::Onnx, Format::OnnxFp16],
        input,
        resizes: true,
        ..plan(Format::Onnx)
    };
    let write = |plan: &Plan, answers: &Outputs| {
        let inputs = ExportInputs {
            images: &images,
            answers,
            decisions: &description.decisions,
            calibration: &[],
        };
        write::write(
            &source,
            &description,
            plan,
            home.path(),
            &inputs,
            None,
            &Silent,
        )
    };
    for input in [InputKind::Unit, InputKind::Bytes] {
        let (written, failed) = write(&plan(input), &answers).unwrap();
        assert_eq!((written.len(), failed.len()), (2, 0));
        assert!(written.iter().all(|file| file.check.images == 4));
        let file = std::fs::read(home.path().join("model.onnx")).unwrap();
        assert!(skinlesion::export::onnx::without_resize(&file).is_ok());
    }
    answers.probabilities[3].rotate_left(1);
    let error = write(&plan(InputKind::Bytes), &answers)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("disagrees with the checkpoint"), "{error}");
}

#[test]
fn a_file_that_disagrees_with_the_checkpoint_is_refused_and_nothing_stays() {
    let home = tempfile::tempdir().unwrap();
    let mut source = ExportSource::read(&random_checkpoint(home.path())).unwrap();
    source.network.blocks[5].convolutions[1].bias[0] += 0.5;
    let images = Images::noise(ham10000(), ResizeRule::square(SIZE), 4);
    let answers = sound_answers(home.path(), &images);
    for format in [Format::TorchScript, Format::Onnx] {
        let out = home.path().join("out");
        let draft = AtomicFolder::new(&out, false, &FOLDER_FILES).unwrap();
        let description = Description::new(&source.metadata, &source.sha256);
        let inputs = ExportInputs {
            images: &images,
            answers: &answers,
            decisions: &description.decisions,
            calibration: &[],
        };
        let plan = plan(format);
        let error = write::write(
            &source,
            &description,
            &plan,
            draft.path(),
            &inputs,
            None,
            &Silent,
        )
        .unwrap_err()
        .to_string();
        drop(draft);
        assert!(error.starts_with(format.file_name()), "{error}");
        assert!(error.contains("disagrees with the checkpoint"), "{error}");
        assert!(!out.exists());
        assert_eq!(
            std::fs::read_dir(home.path()).unwrap().count(),
            1,
            "the checkpoint alone"
        );
    }
}
