//! Tests of atomic files and folders, their locks, and of hashes.

use std::fs;

use super::*;

const MINE: FolderFiles = FolderFiles {
    marker: "mine",
    names: &["mine", "new", "other"],
};

const EXPORT: FolderFiles = FolderFiles {
    marker: "model.json",
    names: &["model.json"],
};

#[test]
fn a_dropped_folder_is_removed_and_the_target_stays() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("out");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("mine"), "old").unwrap();
    assert!(matches!(
        AtomicFolder::new(&target, false, &MINE),
        Err(Error::Exists(_))
    ));
    assert!(AtomicFolder::new(&target, true, &EXPORT).is_err());
    let folder = AtomicFolder::new(&target, true, &MINE).unwrap();
    fs::write(folder.path().join("new"), "new").unwrap();
    drop(folder);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(target.join("mine")).unwrap(), "old");
}

#[test]
fn a_published_folder_replaces_the_target_and_leaves_no_temporary_files() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("new/out");
    for replace in [false, true] {
        let folder = AtomicFolder::new(&target, replace, &MINE).unwrap();
        let file = if replace { "other" } else { "mine" };
        fs::write(folder.path().join(file), "").unwrap();
        folder.publish().unwrap();
        let names: Vec<_> = (fs::read_dir(&target).unwrap())
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, [file]);
    }
    let beside = fs::read_dir(target.parent().unwrap()).unwrap();
    assert_eq!(beside.count(), 1);
}

#[cfg(unix)]
#[test]
fn atomic_writes_have_the_permissions_of_normal_files_and_folders() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let [file, usual, folder, usual_folder] =
        ["file", "usual", "folder", "usual-folder"].map(|name| home.path().join(name));
    write_atomically(&file, b"old").unwrap();
    write_atomically(&file, b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    fs::write(&usual, "").unwrap();
    fs::create_dir(&usual_folder).unwrap();
    let made = AtomicFolder::new(&folder, false, &MINE).unwrap();
    made.publish().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&file), mode(&usual));
    assert_eq!(mode(&folder), mode(&usual_folder));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 4);
}

#[test]
fn a_file_that_cannot_be_renamed_leaves_no_temporary_files() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("occupied");
    fs::create_dir(&folder).unwrap();
    let error = write_atomically(&folder, b"").unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("cannot write {}: ", folder.display())),
        "{error}"
    );
    assert!(!error.contains(".writing-"), "{error}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn sha256_agrees_with_the_standards_example() {
    assert_eq!(
        sha256(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

fn made(target: &std::path::Path) {
    let folder = AtomicFolder::new(target, false, &MINE).unwrap();
    fs::write(folder.path().join("mine"), "old").unwrap();
    folder.publish().unwrap();
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_folder_with_a_file_that_the_program_does_not_write_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("out");
    made(&target);
    fs::create_dir(target.join("notes")).unwrap();
    assert!(AtomicFolder::new(&target, true, &MINE).is_ok());
    let folder = AtomicFolder::new(&target, true, &MINE).unwrap();
    fs::write(target.join("notes/thesis.txt"), "").unwrap();
    for error in [
        folder.publish().unwrap_err(),
        AtomicFolder::new(&target, true, &MINE).unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(
            error.contains("not part of it: notes/thesis.txt"),
            "{error}"
        );
    }
    assert_eq!(names(home.path()), ["out"]);
    assert_eq!(names(&target), ["mine", "notes"]);
}

#[test]
fn a_name_matches_as_a_whole_around_its_star_or_below_its_folder() {
    const FILES: FolderFiles = FolderFiles {
        marker: "a",
        names: &["a", "b*.c", "web/"],
    };
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("web/deep")).unwrap();
    for name in ["a", "b.c", "bb.c", "web/deep/x"] {
        fs::write(home.path().join(name), "").unwrap();
    }
    FILES.refuse_strangers(home.path()).unwrap();
    for name in ["aa", "b", "b.cc", "web/../x"] {
        let path = home.path().join(name);
        fs::write(&path, "").unwrap();
        assert!(FILES.refuse_strangers(home.path()).is_err(), "{name}");
        fs::remove_file(path).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_second_writer_is_refused_and_told_of_the_first() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("out");
    let folder = AtomicFolder::new(&target, false, &MINE).unwrap();
    let error = AtomicFolder::new(&target, true, &MINE).unwrap_err();
    let (error, process) = (error.to_string(), std::process::id());
    assert!(error.contains(&format!("process {process} on ")), "{error}");
    let locks = folder.publish().unwrap();
    assert!(AtomicFolder::new(&target, true, &MINE).is_err());
    assert!(PublishedFolder::open(&target, &MINE).is_err());
    drop(locks);
    assert_eq!(names(home.path()), ["out"]);
    assert!(PublishedFolder::open(&target, &MINE).is_ok());
}

#[cfg(unix)]
#[test]
fn several_read_a_folder_and_nobody_replaces_it_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("out");
    made(&target);
    let readers = [(); 2].map(|()| Lock::to_read(&target).unwrap());
    let error = AtomicFolder::new(&target, true, &MINE).unwrap_err();
    assert!(error.to_string().contains("is using it"), "{error}");
    drop(readers);
    let writer = AtomicFolder::new(&target, true, &MINE).unwrap();
    let error = Lock::to_read(&target).unwrap_err();
    assert!(error.to_string().contains("is writing it"), "{error}");
    drop(writer);
    assert!(Lock::to_read(&target).is_ok());
}

#[test]
fn the_next_writer_removes_what_a_killed_one_left_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("out");
    for name in [
        "out.writing-a1B2c3/deep",
        "outer.writing-a1B2c3",
        "out.writing-thesis2",
        "out",
    ] {
        fs::create_dir_all(home.path().join(name)).unwrap();
    }
    for name in [".out.lock", "out/mine.writing-d4E5f6"] {
        fs::write(home.path().join(name), "").unwrap();
    }
    made(&target);
    assert_eq!(
        names(home.path()),
        ["out", "out.writing-thesis2", "outer.writing-a1B2c3"]
    );
    assert_eq!(names(&target), ["mine"]);
}

#[test]
fn a_folder_that_was_moved_aside_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("out");
    made(&target);
    fs::rename(&target, home.path().join(".out.earlier")).unwrap();
    assert!(matches!(
        AtomicFolder::new(&target, false, &MINE),
        Err(Error::Exists(_))
    ));
    assert_eq!(names(&target), ["mine"]);
}

#[cfg(unix)]
#[test]
fn links_stay_links_and_their_targets_are_written() {
    let home = tempfile::tempdir().unwrap();
    let [target, link] = ["target", "link"].map(|name| home.path().join(name));
    fs::create_dir(&target).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    made(&link.join("../link/."));
    assert!(link.is_symlink());
    assert_eq!(names(&target), ["mine"]);

    let file = home.path().join("file");
    std::os::unix::fs::symlink(target.join("mine"), &file).unwrap();
    write_atomically(&file, b"new").unwrap();
    assert!(file.is_symlink());
    assert_eq!(fs::read(target.join("mine")).unwrap(), b"new");

    fs::remove_file(target.join("mine")).unwrap();
    let error = write_atomically(&file, b"lost").unwrap_err().to_string();
    assert!(
        error.contains("link to something that does not exist"),
        "{error}"
    );
}
