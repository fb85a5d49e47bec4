//! Lines of a file, the last one first, read from its end in blocks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// How much is read at a time, in bytes. A choice of this project.
const BLOCK: u64 = 64 << 10;

/// The lines of a file from its end.
pub struct Backwards<'a> {
    file: &'a File,
    /// What was read and not yet given away; it stands in the file from `start` on.
    bytes: Vec<u8>,
    start: u64,
}

impl<'a> Backwards<'a> {
    /// The lines before the file's present end.
    pub fn new(file: &'a File) -> io::Result<Self> {
        Ok(Self { file, bytes: Vec::new(), start: file.metadata()?.len() })
    }

    /// The next line towards the beginning: where it begins, and its bytes with its line break.
    pub fn line(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            let before_its_break = self.bytes.len().saturating_sub(1);
            let found = self.bytes[..before_its_break].iter().rposition(|byte| *byte == b'\n');
            match found {
                Some(at) => return Ok(Some((self.start + at as u64 + 1, self.bytes.split_off(at + 1)))),
                None if self.start > 0 => self.read_block()?,
                None if self.bytes.is_empty() => return Ok(None),
                None => return Ok(Some((0, std::mem::take(&mut self.bytes)))),
            }
        }
    }

    fn read_block(&mut self) -> io::Result<()> {
        let size = self.start.min(BLOCK);
        let mut block = vec![0; usize::try_from(size).unwrap_or_default()];
        self.file.seek(SeekFrom::Start(self.start - size))?;
        self.file.read_exact(&mut block)?;
        block.append(&mut self.bytes);
        self.bytes = block;
        self.start -= size;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(text: &str) -> Vec<(u64, String)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut backwards = Backwards::new(&file).unwrap();
        std::iter::from_fn(|| backwards.line().unwrap())
            .map(|(start, bytes)| (start, String::from_utf8(bytes).unwrap()))
            .collect()
    }

    #[test]
    fn lines_come_from_the_end_with_their_places() {
        assert_eq!(lines("a\n\nbc\n"), [(3, "bc\n".into()), (2, "\n".into()), (0, "a\n".into())]);
        assert_eq!(lines("a\nunfinished"), [(2, "unfinished".into()), (0, "a\n".into())]);
        assert_eq!(lines(""), []);
    }

    #[test]
    fn lines_may_span_blocks() {
        let long = "x".repeat(200_000);
        let found = lines(&format!("first\n{long}\nlast\n"));
        assert_eq!(
            found.iter().map(|(start, line)| (*start, line.len())).collect::<Vec<_>>(),
            [(200_007, 5), (6, 200_001), (0, 6)]
        );
    }
}
