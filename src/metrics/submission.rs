//! Predictions in the form of ISIC's challenges.

use std::path::Path;

use super::Predictions;
use super::predictions::write_csv;
use crate::{Class, ClassList, Error, Result};

/// Writes `image` and a column of probabilities for each class atomically, as ISIC's challenges take them: for
/// HAM10000's classes `image,MEL,NV,BCC,AKIEC,BKL,DF,VASC` (ISIC 2018, task 3), for others in class order.
pub fn write(predictions: &Predictions, path: &Path) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = || -> csv::Result<()> {
        let order = submission_order(predictions.classes);
        let columns = order.iter().map(|class| class.code().to_uppercase());
        writer.write_record(std::iter::once("image".to_owned()).chain(columns))?;
        for (id, row) in predictions.image_ids.iter().zip(&predictions.probabilities) {
            let cells = order.iter().map(|class| row[class.index()].to_string());
            writer.write_record(std::iter::once(id.clone()).chain(cells))?;
        }
        Ok(())
    };
    write().map_err(|error| Error::io("write", path)(error.into()))?;
    write_csv(writer, path)
}

/// HAM10000's classes in the order of the columns of ISIC 2018.
const SUBMISSION_2018: [&str; 7] = ["mel", "nv", "bcc", "akiec", "bkl", "df", "vasc"];

fn submission_order(classes: ClassList) -> Vec<Class> {
    let of_2018 = SUBMISSION_2018.map(|code| classes.by_code(code));
    match classes.len() == of_2018.len() && of_2018.iter().all(Option::is_some) {
        true => of_2018.into_iter().flatten().collect(),
        false => classes.iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes;
    use crate::probabilities::Probabilities;

    fn written(list: &str) -> String {
        let classes = classes::by_name(list).unwrap();
        let first = classes.get(0).unwrap();
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("submission.csv");
        let predictions = Predictions {
            image_ids: vec!["ISIC_1".into()],
            truths: vec![first],
            probabilities: vec![Probabilities::one_hot(first)],
            ..Predictions::new(classes)
        };
        write(&predictions, &path).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_submission_has_the_columns_of_isic_or_those_of_the_list() {
        assert_eq!(
            written("ham10000"),
            "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC\nISIC_1,0,0,0,1,0,0,0\n"
        );
        assert_eq!(
            written("isic2019"),
            "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC\nISIC_1,1,0,0,0,0,0,0,0\n"
        );
    }
}
