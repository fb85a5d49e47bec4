//! Text with `${…}` → [`Expression`]: HCL's grammar, read by `hcl-edit`, with every span mapped into the stack file.

mod lower;
pub mod placement;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression as Hcl;
use hcl_edit::template::Template;

use crate::model::diagnostic::Diagnostic;
use crate::model::expression::{Expression, Node};
use crate::model::value::Value;
use lower::Lowering;
use placement::Placement;

/// The longest text with an expression in it, in bytes. A choice of this project: reading an object takes the square of its entries.
pub const MAX_TEXT: usize = 128 * 1024;

/// The deepest nesting of an expression. A choice of this project, far above what people write and far below any stack's end.
pub const MAX_DEPTH: usize = 100;

/// Reads a text: plain, with interpolations, or one interpolation alone, which keeps the type of its value.
///
/// # Errors
/// When an expression in it does not follow the grammar, holds a `%{` directive, is too long or too deeply nested.
pub fn parse_text(text: &str, placement: &Placement) -> Result<Expression, Diagnostic> {
    if !text.contains("${") && !text.contains("%{") {
        return Ok(Expression::literal(Value::string(text)).at(placement.whole()));
    }
    check_length(text, placement)?;
    let template: Template = text.parse().map_err(|error| syntax_error(&error, placement))?;
    Lowering::new(placement).template(template.iter(), 0, placement.whole())
}

/// Reads an expression that stands by itself, without `${` and `}`.
///
/// # Errors
/// As [`parse_text`].
pub fn parse_bare(text: &str, placement: &Placement) -> Result<Expression, Diagnostic> {
    check_length(text, placement)?;
    let expression: Hcl = text.trim().parse().map_err(|error| syntax_error(&error, placement))?;
    let skipped = text.len() - text.trim_start().len();
    let placement = placement.skip(skipped);
    let span = expression.span().map_or(placement.whole(), |range| placement.span(range));
    Lowering::new(&placement).expression(&expression, 0).map(|lowered| match lowered.span() {
        Some(_) => lowered,
        None => lowered.at(span),
    })
}

/// Whether a text is one interpolation of `null`: the way to unset what was inherited.
pub fn is_null(expression: &Expression) -> bool {
    matches!(&expression.node, Node::Literal(value) if value.is_null())
}

fn check_length(text: &str, placement: &Placement) -> Result<(), Diagnostic> {
    if text.len() <= MAX_TEXT {
        return Ok(());
    }
    let detail = format!("a text with expressions has at most {MAX_TEXT} bytes; this one has {}", text.len());
    Err(Diagnostic::error("expression-too-long", "an expression is too long", detail)
        .at(Some(placement.whole()))
        .help("keep long texts in a file of their own and read it with `file` or `templatefile`"))
}

fn syntax_error(error: &hcl_edit::parser::Error, placement: &Placement) -> Diagnostic {
    let at = error.location().offset();
    let detail = format!("the expression cannot be read here: {}", error.message());
    Diagnostic::error("invalid-expression", "an expression cannot be read", detail)
        .at(Some(placement.span(at..at + 1)))
        .help(
            "write `$${` for a literal `${`; quotes inside an expression are easiest in a TOML string in single quotes",
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::expression::BinaryOperator;

    fn parse(text: &str) -> Result<Expression, Diagnostic> {
        parse_text(text, &Placement::linear(0, 10, 10 + text.len() as u32))
    }

    #[test]
    fn a_lone_interpolation_is_no_template() {
        assert!(matches!(parse("${1 + 2}").unwrap().node, Node::Binary(_, BinaryOperator::Add, _)));
        assert!(matches!(parse("a${1}").unwrap().node, Node::Template(parts) if parts.len() == 2));
        assert_eq!(parse("$${x}").unwrap(), Expression::literal(Value::string("${x}")));
        assert_eq!(parse("plain").unwrap(), Expression::literal(Value::string("plain")));
    }

    #[test]
    fn numbers_keep_their_text() {
        let expected = Expression::literal(Value::Number("100000000000000000000000000001".parse().unwrap()));
        assert_eq!(parse("${100000000000000000000000000001}").unwrap(), expected);
    }

    #[test]
    fn names_may_hold_hyphens_and_spans_are_mapped() {
        let parsed = parse("${component.rest-api.url}").unwrap();
        let span = parsed.span().unwrap();
        assert_eq!((span.start, span.end), (12, 34));
        let Node::Attribute(of, name) = parsed.node else { panic!("no attribute") };
        assert_eq!(name, "url");
        assert!(matches!(of.node, Node::Attribute(_, name) if name == "rest-api"));
    }

    #[test]
    fn directives_and_broken_texts_are_refused_with_a_place() {
        for (text, code) in [
            ("%{ if true }a%{ endif }", "template-directive"),
            ("${", "invalid-expression"),
            ("${a b}", "invalid-expression"),
            ("${a::b(1)}", "unknown-function"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.code, code, "{text}");
            assert!(!error.labels.is_empty());
        }
    }

    #[test]
    fn nested_splats_become_loops() {
        assert!(matches!(parse("${a[*].b[*].c}").unwrap().node, Node::For(_)));
        assert!(matches!(parse("${a[*].b.c}").unwrap().node, Node::Splat(_, steps) if steps.len() == 2));
        assert!(matches!(parse("${a.*.b[0]}").unwrap().node, Node::Index(_, _)));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("${{a{}}}", ".b".repeat(100_000 / 2));
        assert_eq!(parse(&deep).unwrap_err().code, "expression-too-deep");
        let parentheses = format!("${{{}1{}}}", "(".repeat(50_000), ")".repeat(50_000));
        assert!(parse(&parentheses).is_err());
        assert_eq!(parse(&format!("${{{}}}", "a".repeat(MAX_TEXT))).unwrap_err().code, "expression-too-long");
    }

    proptest! {
        #![proptest_config(crate::language::evaluate::tests::repeatable(256))]

        #[test]
        fn arbitrary_texts_never_panic(text in r#"[-a-z0-9 .,"'\[\](){}$%?:*+/<>=!&|~\\\n]{0,60}"#) {
            let _ = parse(&text);
            let _ = parse(&format!("${{{text}}}"));
        }

        #[test]
        fn arbitrary_unicode_never_panics(text in ".{0,40}") {
            let _ = parse(&format!("é${{{text}}}"));
            let _ = parse_bare(&text, &Placement::linear(0, 0, 0));
        }
    }
}
