//! The steps of a plan as a drawing: each as far right as the longest chain of steps before it.

use std::fmt::Write;

use siac_core::model::plan::Plan;

use super::escaped;
use crate::graph::{NodeKind, step_words};
use crate::render::page::clipped;

/// The most steps that are drawn; more would be no picture any more. A choice of this project.
const MOST_STEPS: usize = 150;
const WIDTH: usize = 260;
const HEIGHT: usize = 28;
const GAP: (usize, usize) = (50, 12);

/// The drawing under its title; a sentence when there is too much to draw.
pub(super) fn section(plan: &Plan) -> String {
    match plan.steps.len() {
        0 => String::new(),
        1..=MOST_STEPS => format!("<h2>Steps</h2>\n<div class=\"graph\">{}</div>\n", drawing(plan)),
        many => format!("<h2>Steps</h2>\n<p>{many} steps are too many to draw; `siac graph` writes them all.</p>\n"),
    }
}

fn drawing(plan: &Plan) -> String {
    let places = places(plan);
    let columns = places.iter().map(|(column, _)| column + 1).max().unwrap_or(0);
    let rows = places.iter().map(|(_, row)| row + 1).max().unwrap_or(0);
    let (width, height) = (columns * (WIDTH + GAP.0) + GAP.0, rows * (HEIGHT + GAP.1) + GAP.1);
    let mut svg = format!("<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">");
    for (at, step) in plan.steps.iter().enumerate() {
        for need in step.needs.iter().filter_map(|need| places.get(need.0 as usize)) {
            svg.push_str(&arrow(corner(*need), corner(places[at])));
        }
    }
    for (step, place) in plan.steps.iter().zip(&places) {
        let (x, y) = corner(*place);
        let (word, kind) = step_words(&step.operation);
        let label = format!("{word} {}", step.address);
        let _ = write!(
            svg,
            "<g class=\"{}\"><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"5\"/>\
             <text x=\"{}\" y=\"{}\">{}</text><title>{}</title></g>",
            class(kind),
            x + 8,
            y + 18,
            escaped(&clipped(&label, 33)),
            escaped(&label)
        );
    }
    svg + "</svg>"
}

fn class(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Create => "added",
        NodeKind::Update => "changed",
        NodeKind::Delete => "removed",
        NodeKind::Data => "read",
        NodeKind::Resource | NodeKind::Component | NodeKind::Record => "faint",
    }
}

/// The column and row of each step.
fn places(plan: &Plan) -> Vec<(usize, usize)> {
    let mut columns: Vec<usize> = Vec::with_capacity(plan.steps.len());
    let mut filled: Vec<usize> = Vec::new();
    let mut places = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let column = step.needs.iter().filter_map(|need| columns.get(need.0 as usize)).max().map_or(0, |last| last + 1);
        columns.push(column);
        filled.resize(filled.len().max(column + 1), 0);
        places.push((column, filled[column]));
        filled[column] += 1;
    }
    places
}

fn corner((column, row): (usize, usize)) -> (usize, usize) {
    (GAP.0 + column * (WIDTH + GAP.0), GAP.1 + row * (HEIGHT + GAP.1))
}

fn arrow(from: (usize, usize), to: (usize, usize)) -> String {
    let (x1, y1, x2, y2) = (from.0 + WIDTH, from.1 + HEIGHT / 2, to.0, to.1 + HEIGHT / 2);
    let middle = (x1 + x2) / 2;
    format!("<path d=\"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}\"/>")
}
