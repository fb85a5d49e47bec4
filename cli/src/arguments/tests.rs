use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

fn command(line: &str) -> Command {
    parse(line).unwrap_or_else(|error| panic!("{line}: {error}")).command
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn a_plan_takes_its_flags_in_any_order() {
    let Command::Plan(plan) =
        command("siac plan --target local_file.a a.toml --refresh=false --exclude local_file.b --var n=1=2")
    else {
        panic!("not a plan")
    };
    assert_eq!(plan.stack.as_deref(), Some("a.toml"));
    assert_eq!(plan.plan.scope.target[0].to_string(), "local_file.a");
    assert_eq!(plan.plan.scope.exclude[0].to_string(), "local_file.b");
    assert_eq!(plan.plan.scope.values.var, [Assignment { name: "n".into(), value: "1=2".into() }]);
    assert!(!plan.plan.scope.refresh);
}

#[test]
fn refresh_is_on_unless_switched_off() {
    for (line, expected) in [("siac plan", true), ("siac plan --refresh", true), ("siac plan --refresh=false", false)] {
        let Command::Plan(plan) = command(line) else { panic!("not a plan") };
        assert_eq!(plan.plan.scope.refresh, expected, "{line}");
    }
}

#[test]
fn flags_that_say_what_to_plan_are_told_from_those_that_do_not() {
    for (line, expected) in [
        ("siac apply --auto-approve --no-destroy", false),
        ("siac apply --target random_id.a", true),
        ("siac apply --replace random_id.a", true),
        ("siac apply --var a=b", true),
        ("siac apply --refresh=false", true),
        ("siac apply --destroy", true),
    ] {
        let Command::Apply(apply) = command(line) else { panic!("not an apply") };
        assert_eq!(apply.plan.says_what_to_plan(), expected, "{line}");
    }
}

#[test]
fn the_own_stack_wins_over_the_global_one() {
    let cli = parse("siac --stack a.toml validate b.toml").unwrap();
    let Command::Validate(ValidateArgs { stack, .. }) = &cli.command else { panic!("not validate") };
    assert_eq!(cli.global.stack_or(stack.as_deref()), Some("b.toml"));
    assert_eq!(cli.global.stack_or(None), Some("a.toml"));
    let after = parse("siac validate --stack a.toml --json").unwrap();
    assert_eq!((after.global.stack.as_deref(), after.global.json), (Some("a.toml"), true));
}

#[test]
fn every_command_of_the_design_is_there() {
    for line in [
        "siac apply",
        "siac apply plan.siac --auto-approve --parallelism 3 --on-failure halt",
        "siac rollback --to previous",
        "siac rollback --to 17 a.toml --plan-only",
        "siac destroy a.toml --lock-timeout 5m",
        "siac fmt --check",
        "siac graph --format dot",
        "siac show",
        "siac output url --raw",
        "siac history --limit 3",
        "siac diff previous latest a.toml",
        "siac drift --detailed-exitcode",
        "siac import local_file.a x",
        "siac state list",
        "siac state show local_file.a",
        "siac state mv local_file.a local_file.b",
        "siac state rm local_file.a local_file.b",
        "siac snapshot list",
        "siac snapshot label 17 good",
        "siac snapshot verify 17",
        "siac snapshot prune --keep 3",
        "siac lock status",
        "siac lock release a.toml --auto-approve",
        "siac recover --absent local_command.x",
        "siac key rotate --to key-file:/k",
        "siac status",
        "siac doctor",
        "siac schema",
        "siac providers",
        "siac completions bash",
        "siac init demo",
        "siac version",
        "siac help exit-codes",
        "siac help state mv",
        "siac __runner /d",
        "siac __supervisor /d",
    ] {
        command(line);
    }
}

#[test]
fn nonsense_is_refused_with_a_reason() {
    for (line, why) in [
        ("siac rollback", "--to"),
        ("siac plan --target nonsense", "is not a resource address"),
        ("siac plan --lock-timeout 5", "is no duration"),
        ("siac plan --lock-timeout 5m --wait", "cannot be used with"),
        ("siac plan --destroy --refresh-only", "cannot be used with"),
        ("siac apply --parallelism 0", "invalid value"),
        ("siac plan --var x", "NAME=VALUE"),
        ("siac plan --flag x=maybe", "NAME=true"),
        ("siac pln", "plan"),
    ] {
        let error = parse(line).expect_err(line).to_string();
        assert!(error.contains(why), "{line}: {error}");
    }
}

#[test]
fn durations_are_read_and_bounded() {
    use std::time::Duration;
    assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
    assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
    assert_eq!(duration("0"), Ok(Duration::ZERO));
    for wrong in ["", "s", "5", "-5s", "5 s", "99999999999999999999h", "8000h", "5x"] {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn hidden_commands_stay_hidden() {
    let help = Cli::command().render_long_help().to_string();
    assert!(help.contains("rollback"), "{help}");
    assert!(!help.contains("__runner"), "{help}");
}

#[test]
fn help_is_found_by_the_words_of_a_command() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert!(help_of(&words("state mv")).unwrap().to_string().contains("siac state mv"));
    assert!(help_of(&words("nothing")).is_none());
}

#[test]
fn completion_scripts_know_the_commands() {
    let script = String::from_utf8(completions(clap_complete::Shell::Bash)).unwrap();
    assert!(script.contains("rollback"));
}
