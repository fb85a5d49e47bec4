//! Installing emulators into the build folder, once, by whoever comes first.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

/// The variable that says where emulators are kept when not in the build folder.
const PLACE: &str = "SIAC_EMULATORS";

/// What pins MiniStack: every package by version. The service models come with botocore, which it brings.
const REQUIREMENTS: &str = include_str!("../ministack/requirements.txt");
const MODELS: &str = include_str!("../ministack/models.py");

/// What pins Moto: every package by version.
const MOTO: &str = include_str!("../moto/requirements.txt");

/// What pins Azurite; what it needs is what fits that version.
const PACKAGE: &str = include_str!("../azurite/package.json");

/// Where MiniStack lies.
pub(crate) struct Installed {
    /// The Python that has it.
    pub(crate) python: PathBuf,
    /// The service models, one JSON file each.
    pub(crate) models: PathBuf,
}

/// Installs whatever is missing, and says a line for each.
///
/// # Panics
/// When Python 3 or Node.js is missing, or their package registries are out of reach and something is not there yet.
pub fn install_all(mut say: impl FnMut(&str)) {
    let installed = ministack();
    let version = |requirements: &'static str, package: &str| {
        requirements.lines().find_map(|line| line.strip_prefix(package)).unwrap_or("?")
    };
    let place = installed.models.with_file_name("");
    say(&format!("MiniStack {} in {}", version(REQUIREMENTS, "ministack=="), place.display()));
    say(&format!("Moto {} for {}", version(MOTO, "moto=="), moto().display()));
    say(&format!("Azurite in {}", azurite().display()));
}

/// The Python that has Moto, installed when it is not there.
pub(crate) fn moto() -> PathBuf {
    python_with("moto", MOTO)
}

/// The modules of Azurite, installed when they are not there.
pub(crate) fn azurite() -> PathBuf {
    let folder = folder().join(format!("azurite-{}", fingerprint(&[PACKAGE])));
    once(&folder, |folder| {
        fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{} cannot be made: {error}", folder.display()));
        write(&folder.join("package.json"), PACKAGE);
        let options = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", "--loglevel=error"];
        run(Command::new("npm").args(options).current_dir(folder));
    });
    folder.join("node_modules")
}

/// A Python with these packages, pinned by version, installed when it is not there. `name` is for people who look into the folder.
///
/// # Panics
/// As [`install_all`].
pub fn python_with(name: &str, requirements: &str) -> PathBuf {
    let folder = folder().join(format!("{name}-{}", fingerprint(&[requirements])));
    let python = folder.join("bin/python");
    once(&folder, |folder| python_in(folder, &python, requirements));
    python
}

/// A folder with the source distributions that these requirements name, each pinned by its digest, fetched when it is not there.
///
/// # Panics
/// As [`install_all`].
pub fn sources(name: &str, python: &Path, requirements: &str) -> PathBuf {
    let folder = folder().join(format!("{name}-{}", fingerprint(&[requirements])));
    once(&folder, |folder| {
        fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{} cannot be made: {error}", folder.display()));
        let listed = folder.join("requirements.txt");
        write(&listed, requirements);
        let options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"];
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download"]).args(options).arg("--requirement").arg(listed);
        run(pip.arg("--dest").arg(folder));
    });
    folder
}

fn python_in(folder: &Path, python: &Path, requirements: &str) {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder));
    let listed = folder.join("requirements.txt");
    write(&listed, requirements);
    run(Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"])
        .arg(listed));
}

/// A folder for one run of an emulator.
pub(crate) fn fresh_folder() -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = folder().join(format!("run/{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{} cannot be made: {error}", folder.display()));
    folder
}

/// The Python that MiniStack runs in. It has botocore, a client that is not ours.
///
/// # Panics
/// As [`install_all`].
pub fn python() -> PathBuf {
    ministack().python
}

/// MiniStack, installed when it is not there.
pub(crate) fn ministack() -> Installed {
    let folder = folder().join(format!("ministack-{}", fingerprint(&[REQUIREMENTS, MODELS])));
    let installed = Installed { python: folder.join("bin/python"), models: folder.join("models") };
    once(&folder, |folder| {
        python_in(folder, &installed.python, REQUIREMENTS);
        let models = folder.join("models.py");
        write(&models, MODELS);
        run(Command::new(&installed.python).arg(models).arg(&installed.models));
    });
    installed
}

/// The folder that emulators are kept in.
pub(crate) fn folder() -> PathBuf {
    match std::env::var_os(PLACE) {
        Some(place) => PathBuf::from(place),
        None => build_folder().join("emulators"),
    }
}

/// The build folder that this test program lies in; Cargo marks it.
fn build_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    marked.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), Path::to_owned)
}

/// Does the work when the folder is not marked as ready; others wait meanwhile.
fn once(folder: &Path, install: impl FnOnce(&Path)) {
    let ready = folder.join("ready");
    if ready.exists() {
        return;
    }
    let place = folder.parent().expect("an emulator lies in a folder");
    fs::create_dir_all(place).unwrap_or_else(|error| panic!("{} cannot be made: {error}", place.display()));
    let lock = File::create(folder.with_extension("lock")).expect("a lock file beside the emulator");
    lock.lock().expect("the lock of an installation");
    if !ready.exists() {
        install(folder);
        write(&ready, "");
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| {
        panic!(
            "the emulators of the tests need Python 3.10 and Node.js 20 or newer; {command:?} does not start: {error}"
        )
    });
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "an emulator cannot be installed: {command:?} says:\n{}", said());
}

fn fingerprint(texts: &[&str]) -> String {
    let digest = Sha256::digest(texts.concat());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
