//! How deep a JSON text is nested, told without recursion.

/// The deepest nesting that is written and read. A choice of this project: more than the language can make, and little enough
/// for the stack of a thread.
pub(super) const MAX_DEPTH: usize = 320;

/// Refuses a text that is nested deeper than [`MAX_DEPTH`].
pub(super) fn check(json: &[u8]) -> Result<(), String> {
    match deepest(json) {
        0..=MAX_DEPTH => Ok(()),
        deeper => Err(format!("a value is nested {deeper} levels deep, where {MAX_DEPTH} are allowed")),
    }
}

fn deepest(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_do_not_count() {
        assert_eq!(deepest(br#"{"a":["[[[","\"[",{}]}"#), 3);
        assert!(check("[".repeat(MAX_DEPTH + 1).as_bytes()).is_err());
    }
}
