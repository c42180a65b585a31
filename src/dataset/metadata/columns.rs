//! The columns of a table by their names. Each field has several names: those of HAM10000, ISIC's challenges and
//! archive, PAD-UFES-20 and ImageFolder-like tables.

use csv::StringRecord;

/// A field of a row, with the names of its column in the order in which they are looked for. Case does not matter.
pub struct Field {
    /// Its name in messages and in the manifest.
    pub name: &'static str,
    /// The names of its column.
    pub columns: &'static [&'static str],
}

impl Field {
    /// The index of its column.
    pub fn index(&self, headers: &StringRecord) -> Option<usize> {
        let index = |name: &&str| headers.iter().position(|h| h.eq_ignore_ascii_case(name));
        self.columns.iter().find_map(index)
    }
}

/// The image's id or file name.
pub const IMAGE: Field = Field {
    name: "image_id",
    columns: &[
        "image_id",
        "image",
        "isic_id",
        "img_id",
        "image_name",
        "filename",
        "file_name",
    ],
};

/// The label. All that a table has are read; the class list decides which is used.
pub const LABEL: Field = Field {
    name: "dx",
    columns: &[
        "dx",
        "diagnosis",
        "diagnostic",
        "label",
        "class",
        "diagnosis_3",
        "benign_malignant",
    ],
};

/// The lesion.
pub const LESION: Field = Field {
    name: "lesion_id",
    columns: &["lesion_id"],
};

/// The patient.
pub const PATIENT: Field = Field {
    name: "patient_id",
    columns: &["patient_id"],
};

/// How the diagnosis was made.
pub const DX_TYPE: Field = Field {
    name: "dx_type",
    columns: &["dx_type", "diagnosis_confirm_type"],
};

/// The age in years.
pub const AGE: Field = Field {
    name: "age",
    columns: &["age", "age_approx"],
};

/// The sex.
pub const SEX: Field = Field {
    name: "sex",
    columns: &["sex", "gender"],
};

/// The body site.
pub const LOCALIZATION: Field = Field {
    name: "localization",
    columns: &[
        "localization",
        "anatom_site_general",
        "anatom_site_general_challenge",
        "region",
    ],
};

/// The collection that the image comes from.
pub const SOURCE: Field = Field {
    name: "dataset",
    columns: &["dataset", "source", "attribution"],
};

/// All fields.
pub const ALL: [&Field; 9] = [
    &IMAGE,
    &LABEL,
    &LESION,
    &PATIENT,
    &DX_TYPE,
    &AGE,
    &SEX,
    &LOCALIZATION,
    &SOURCE,
];
