//! Prints what the model shows: the tables of `docs/formats/protocol.md`, larger bounds, or the traces of what is caught.

use std::process::ExitCode;
use std::time::Instant;

use protocol_model::protocol::{Class, Protocol};
use protocol_model::report::{self, SMALL, Size, cell, checked};
use protocol_model::variants::{GUARDS, SIAC, matrix, mutants, redundancies};

const USAGE: &str = "usage: protocol-model [tables|traces|larger]
  tables   the tables of docs/formats/protocol.md (seconds)
  traces   how each variant that fails does so, in words
  larger   what holds, against adversaries with more runs, resources and failures (minutes, some gigabytes)";

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_else(|| "tables".to_owned());
    match command.as_str() {
        "tables" => print_tables(),
        "traces" => print_traces(),
        "larger" => print_larger(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn print_tables() {
    let lists = [mutants(), redundancies()].map(|variants| report::list(&checked(variants, SMALL)));
    for table in [report::matrix(&checked(matrix(), SMALL))].into_iter().chain(lists) {
        println!("{}\n", table.join("\n"));
    }
}

fn print_traces() {
    for variant in matrix().into_iter().chain(mutants()).filter(|variant| !variant.caught_by.is_empty()) {
        println!("## {}", variant.name);
        for violation in SMALL.check(variant.protocol).violations {
            println!("\n{} after {} steps", violation.property, violation.trace.len());
            violation.trace.iter().for_each(|action| println!("  {action}"));
        }
        println!();
    }
}

fn print_larger() {
    for line in report::header("variant", &["runs", "resources", "failures", "result", "seconds"]) {
        println!("{line}");
    }
    for (name, protocol, size) in larger() {
        let started = Instant::now();
        let result = cell(&size.check(protocol));
        let Size { clients, resources, failures } = size;
        let numbers = [clients.to_string(), resources.to_string(), failures.to_string()];
        let mut cells = vec![name.to_owned()];
        cells.extend(numbers);
        cells.extend([result, format!("{:.0}", started.elapsed().as_secs_f32())]);
        println!("{}", report::row(&cells));
    }
}

fn larger() -> Vec<(&'static str, Protocol, Size)> {
    let [_, _, _, lease, _, local] = GUARDS;
    let wide = Size { clients: 3, resources: 2, failures: 2 };
    let many = Size { clients: 3, resources: 3, failures: 1 };
    let long = Size { clients: 4, resources: 1, failures: 2 };
    vec![
        ("token; taken at any time", SIAC, wide),
        ("token; taken at any time", SIAC, long),
        ("tag; any time, self-fence, drain", lease.protocol(Class::Tag), wide),
        ("tag; any time, self-fence, drain", lease.protocol(Class::Tag), long),
        ("unique name; any time, self-fence, drain", lease.protocol(Class::Name), wide),
        ("unique name; any time, self-fence, drain", lease.protocol(Class::Name), long),
        ("nothing, ask; taken at any time", Protocol { class: Class::NothingAsk, ..SIAC }, wide),
        ("tag; known dead, drain", local.protocol(Class::Tag), many),
        ("unique name; known dead, drain", local.protocol(Class::Name), many),
    ]
}
