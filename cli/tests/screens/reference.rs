//! The page of commands, made from their definition.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};
use siac_cli::arguments::Cli;

const HEAD: &str = "# Commands

Made from the program's own help, so that it says what is true. `siac help COMMAND` prints the same; exit codes are in
[exit-codes.md](exit-codes.md), the output of `--json` in [json.md](json.md).

The stack, where a command names none, is the one of `--stack`, of the environment variable `SIAC_STACK`, of the pending plan, or the only file in
`stacks/`, in this order; what was chosen is printed. A snapshot is named by its serial (`17`), the start of its id (`3f9c`), its label, `previous`
or `latest`. Data goes to stdout, everything else to stderr.

| environment variable | meaning |
|---|---|
| `SIAC_STACK` | the stack file, where none is named |
| `SIAC_VAR_name` | the value of the variable `name` |
| `SIAC_PASSPHRASE` | the passphrase that opens the state |
| `SIAC_LOG` | what is logged to stderr, for instance `debug` |
| `NO_COLOR` | when not empty: no colours |
| `CLICOLOR_FORCE` | when neither empty nor `0`: colours even without a terminal |
";

fn page() -> String {
    let mut root = Cli::command();
    root.build();
    let mut text = HEAD.to_owned();
    let _ =
        write!(text, "\n## Global options\n\n{}", options(root.get_arguments().filter(|arg| is_worth_telling(arg))));
    for command in root.get_subcommands() {
        describe(command, "siac", &mut text);
    }
    text
}

fn describe(command: &Command, before: &str, text: &mut String) {
    if command.is_hide_set() {
        return;
    }
    let name = format!("{before} {}", command.get_name());
    if command.has_subcommands() {
        command.get_subcommands().for_each(|inner| describe(inner, &name, text));
        return;
    }
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string().replace("Usage: ", "");
    let _ = write!(text, "\n## `{name}`\n\n{about}\n\n```\n{}\n```\n", usage.trim());
    let own = options(command.get_arguments().filter(|arg| !arg.is_global_set() && is_worth_telling(arg)));
    if !own.is_empty() {
        let _ = write!(text, "\n{own}");
    }
    if let Some(after) = command.get_after_help() {
        let _ = write!(text, "\n```\n{after}\n```\n");
    }
}

fn is_worth_telling(arg: &Arg) -> bool {
    !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
}

fn options<'a>(all: impl Iterator<Item = &'a Arg>) -> String {
    all.fold(String::new(), |mut text, arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let values =
            arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let takes_value = arg.get_action().takes_values();
        let form = match (arg.get_long(), takes_value) {
            (Some(long), true) => format!("--{long} {values}"),
            (Some(long), false) => format!("--{long}"),
            (None, _) => values,
        };
        let _ = writeln!(text, "- `{form}`: {help}{}{}", choices(arg), default(arg));
        text
    })
}

fn choices(arg: &Arg) -> String {
    let names: Vec<String> = arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    match names.is_empty() || names == ["`true`", "`false`"] {
        true => String::new(),
        false => format!("; one of {}", names.join(", ")),
    }
}

fn default(arg: &Arg) -> String {
    match arg.get_default_values() {
        [value] if arg.get_action().takes_values() => format!("; default `{}`", value.to_string_lossy()),
        _ => String::new(),
    }
}

#[test]
fn the_page_of_commands_is_up_to_date() {
    crate::support::assert_file("../docs/reference/commands.md", &page());
}
