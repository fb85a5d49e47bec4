use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::supervisor::numbered;

/// Remembers what it is told, and has enough after so many lines.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<String>>,
    caught_up: AtomicUsize,
    enough: Option<usize>,
}

impl Ear {
    fn lines(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

#[async_trait]
impl LogReader for Ear {
    async fn take(&self, news: LogNews) -> ControlFlow<()> {
        let mut heard = self.heard.lock().unwrap();
        match news {
            LogNews::Line(line) => heard.push(line.text),
            LogNews::CaughtUp => drop(self.caught_up.fetch_add(1, Ordering::SeqCst)),
        }
        match self.enough == Some(heard.len()) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

fn stamped(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("2026-11-21T12:00:{number:02}.000Z {number}\n")).collect()
}

/// A log of the lines 0 to 29 in three files.
fn log(folder: &Path) -> PathBuf {
    let path = folder.join("a.log");
    fs::write(numbered(&path, 2), stamped(0..10)).unwrap();
    fs::write(numbered(&path, 1), stamped(10..20)).unwrap();
    fs::write(&path, stamped(20..30)).unwrap();
    path
}

async fn told(path: PathBuf, tail: Option<usize>, since: Option<&str>) -> Vec<String> {
    let wish = LogWish { tail, since: since.map(str::to_owned), follow: false };
    let ear = Ear::default();
    tell(path, &wish, &ear).await.unwrap();
    assert_eq!(ear.caught_up.load(Ordering::SeqCst), 1);
    ear.lines()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn the_last_lines_are_found_across_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = log(folder.path());
    assert_eq!(told(path.clone(), None, None).await, numbers(0..30));
    for (tail, first) in [(0, 30), (1, 29), (10, 20), (11, 19), (25, 5), (30, 0), (99, 0)] {
        assert_eq!(told(path.clone(), Some(tail), None).await, numbers(first..30), "the last {tail}");
    }
}

#[tokio::test]
async fn old_lines_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = log(folder.path());
    let since = |second: usize| format!("2026-11-21T12:00:{second:02}.000Z");
    for first in [0, 9, 10, 15, 20, 29] {
        assert_eq!(told(path.clone(), None, Some(&since(first))).await, numbers(first..30));
    }
    assert_eq!(told(path.clone(), None, Some(&since(31))).await, numbers(0..0));
    assert_eq!(told(path.clone(), Some(3), Some(&since(5))).await, numbers(27..30));
    fs::write(&path, "no moment\n2026-11-21T12:00:40.000Z new\n").unwrap();
    assert_eq!(told(path, None, Some(&since(5))).await, ["new"], "nobody knows when the first was written");
}

#[tokio::test]
async fn a_log_that_is_not_there_has_no_lines() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(told(folder.path().join("none.log"), Some(5), None).await, numbers(0..0));
}

fn append(path: &Path, text: &str) {
    use std::io::Write;
    fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// What the supervisor does when a log is full.
fn rotate(path: &Path) {
    for number in [2, 1] {
        let _ = fs::rename(numbered(path, number), numbered(path, number + 1));
    }
    fs::rename(path, numbered(path, 1)).unwrap();
}

async fn until(ear: &Ear, count: usize) {
    while ear.lines().len() < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Follows a log from its last line while something is done to it, until it has heard so many lines.
async fn followed(path: PathBuf, count: usize, meanwhile: impl AsyncFnOnce(&Ear)) -> Vec<String> {
    let ear = Ear { enough: Some(count), ..Ear::default() };
    let wish = LogWish { tail: Some(1), follow: true, ..LogWish::default() };
    let both = async {
        let telling = tell(path, &wish, &ear);
        tokio::join!(telling, meanwhile(&ear)).0.unwrap();
    };
    let heard_all = tokio::time::timeout(Duration::from_secs(20), both).await;
    assert!(heard_all.is_ok(), "{:?}", ear.lines());
    ear.lines()
}

#[tokio::test]
async fn following_goes_on_while_files_rotate_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = log(folder.path());
    let meanwhile = async |ear: &Ear| {
        until(ear, 1).await;
        // Half a line is no line yet.
        append(&path, "2026-11-21T12:00:30.000Z 3");
        tokio::time::sleep(POLL * 2).await;
        assert_eq!(ear.lines().len(), 1);
        append(&path, "0\n");
        until(ear, 2).await;
        append(&path, &stamped(31..33));
        rotate(&path);
        append(&path, &stamped(33..35));
        rotate(&path);
        append(&path, &stamped(35..36));
    };
    assert_eq!(followed(path.clone(), 7, meanwhile).await, numbers(29..36));
}

#[tokio::test]
async fn a_log_that_begins_or_is_emptied_later_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.log");
    let meanwhile = async |ear: &Ear| {
        while ear.caught_up.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        append(&path, &stamped(0..20));
        until(ear, 20).await;
        fs::write(&path, "").unwrap();
        tokio::time::sleep(POLL * 2).await;
        append(&path, &stamped(20..22));
    };
    assert_eq!(followed(path.clone(), 22, meanwhile).await, numbers(0..22));
}
