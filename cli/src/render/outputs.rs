//! The outputs of a stack.

use std::collections::{BTreeMap, BTreeSet};

use siac_core::model::snapshot::OutputRecord;
use siac_core::model::value::{Partial, Value};

use super::compare::{Manner, attributes};
use super::page::Page;
use super::style::Style;
use crate::arguments::Detail;
use crate::sanitise;

/// Every output as `name = value`; sensitive ones are not shown.
pub fn outputs(outputs: &BTreeMap<String, OutputRecord>, style: &Style) -> String {
    page(outputs, 0, style).write(style)
}

/// The same, each `indent` columns in.
pub(super) fn page(outputs: &BTreeMap<String, OutputRecord>, indent: usize, style: &Style) -> Page {
    let values: BTreeMap<String, Partial> =
        outputs.iter().map(|(name, output)| (name.clone(), output.value.clone())).collect();
    let sensitive: BTreeSet<String> =
        outputs.iter().filter(|(_, output)| output.sensitive).map(|(name, _)| name.clone()).collect();
    let manner = Manner {
        detail: Detail::Full,
        width: style.width,
        replace: &[],
        sensitive: &sensitive,
        context: &[],
        marks: false,
        noun: "output",
    };
    let all = Value::Map(values);
    attributes(Some(&all), Some(&all), indent, manner)
}

/// One output bare, for scripts: a text, number or truth value. On a terminal it is made harmless.
///
/// Fails when the output is sensitive or has parts, with what to do instead.
pub fn raw(name: &str, output: &OutputRecord, is_terminal: bool) -> Result<String, String> {
    if output.sensitive {
        return Err(format!("the output `{name}` is sensitive; pass `--reveal` to print it"));
    }
    match &output.value {
        Value::String(text) if is_terminal => Ok(sanitise::block(text)),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Hole(_) | Value::Secret(_) => {
            Err(format!("the output `{name}` is sensitive; pass `--reveal` to print it"))
        }
        other => {
            Err(format!("the output `{name}` is a {}, which `--raw` cannot print; use `--json`", other.type_name()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(value: Partial, sensitive: bool) -> OutputRecord {
        OutputRecord { configured: value.clone(), value, sensitive }
    }

    #[test]
    fn outputs_are_aligned_and_secrets_stay_hidden() {
        let all = BTreeMap::from([
            ("a".to_owned(), output(Value::number(1_i64), false)),
            ("component.api[\"eu\"].url".to_owned(), output(Value::string("x"), false)),
            ("list".to_owned(), output(Value::List(vec![Value::string("x\ny"), Value::Null]), false)),
            ("pw".to_owned(), output(Value::string("hunter2"), true)),
        ]);
        let expected = r#"a                       = 1
component.api["eu"].url = "x"
list                    = [
    <<-EOT
        x
        y
        # no line break at the end
    EOT,
    null,
]
pw                      = (sensitive value)
"#;
        assert_eq!(outputs(&all, &Style::plain()), expected);
    }

    #[test]
    fn raw_prints_scalars_and_refuses_the_rest() {
        assert_eq!(raw("a", &output(Value::string("x\x1b"), false), false), Ok("x\x1b".to_owned()));
        assert_eq!(raw("a", &output(Value::string("x\x1b"), false), true), Ok("x\\x1b".to_owned()));
        assert!(raw("a", &output(Value::string("x"), true), false).unwrap_err().contains("--reveal"));
        assert!(raw("a", &output(Value::List(Vec::new()), false), false).unwrap_err().contains("--json"));
    }
}
