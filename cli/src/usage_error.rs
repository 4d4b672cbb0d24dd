//! Wrong arguments, reported without repeating a word of them: one of them may be a misplaced secret.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// Why no command is to be run.
pub(crate) enum Stop {
    /// Help or the version was asked for.
    Help(String),
    /// There are no arguments; this is the help.
    NoArguments(String),
    /// The arguments are wrong.
    Wrong { what: String, usage: String },
}

impl Stop {
    pub(crate) fn new(
        error: &Error,
        mut program: Command,
        arguments: impl Iterator<Item = OsString>,
    ) -> Self {
        let arguments: Vec<_> = arguments.collect();
        let wants_json = arguments.iter().any(|argument| argument == "--json");
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Self::Help(rendered(error)),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !wants_json => {
                Self::NoArguments(rendered(error))
            }
            _ => {
                program.build();
                let command = named_command(&program, &arguments);
                let usage = command.clone().render_usage().to_string();
                let usage = usage.trim_start_matches("Usage: ").to_owned();
                Self::Wrong { what: what(error, &program, command), usage }
            }
        }
    }
}

fn rendered(error: &Error) -> String {
    error.render().to_string()
}

/// The command that the first words name, as far as they name one.
fn named_command<'a>(program: &'a Command, arguments: &[OsString]) -> &'a Command {
    let mut command = program;
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        match command.find_subcommand(word) {
            Some(found) => command = found,
            None if has_value(&text, program) => drop(words.next()),
            None if text.starts_with('-') => {}
            None => break,
        }
    }
    command
}

/// Whether this word is an option of the program whose value is the next word.
fn has_value(word: &str, program: &Command) -> bool {
    let Some(name) = word.strip_prefix("--") else { return false };
    let options = program.get_arguments().filter(|option| option.get_action().takes_values());
    options.filter_map(|option| option.get_long()).any(|long| long == name)
}

/// Only names from the program's own tables occur in it. An argument that clap takes for an option or
/// a value is never among them.
fn what(error: &Error, program: &Command, command: &Command) -> String {
    let own_name = own_name(error, program);
    match (error.kind(), own_name) {
        (ErrorKind::MissingRequiredArgument, _) => {
            format!("missing arguments: {}", texts(error, ContextKind::InvalidArg).join(", "))
        }
        (ErrorKind::InvalidSubcommand, _) => {
            format!("unknown command; use one of: {}", subcommands(command))
        }
        (ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, _) => {
            format!("no command is given; use one of: {}", subcommands(command))
        }
        (ErrorKind::UnknownArgument, Some(name)) => {
            format!("{name} is not an option of this command")
        }
        (ErrorKind::UnknownArgument, None) => {
            let is_option =
                texts(error, ContextKind::InvalidArg).iter().any(|it| it.starts_with('-'));
            if is_option { "unknown option" } else { "too many arguments" }.to_owned()
        }
        (ErrorKind::ArgumentConflict, Some(name)) => {
            match texts(error, ContextKind::PriorArg).into_iter().find(|it| *it != name) {
                Some(other) => format!("{name} and {other} cannot be used together"),
                None => format!("{name} can be used only once"),
            }
        }
        (ErrorKind::TooManyValues, Some(name)) => format!("{name} takes no value"),
        (ErrorKind::InvalidValue, Some(name)) => format!("{name} needs a value"),
        (ErrorKind::InvalidUtf8, _) => "an argument is not UTF-8".to_owned(),
        (_, Some(name)) => format!("{name} has an invalid value"),
        (_, None) => "wrong arguments".to_owned(),
    }
}

fn subcommands(command: &Command) -> String {
    let names = command.get_subcommands().map(Command::get_name);
    names.filter(|name| *name != "help").collect::<Vec<_>>().join(", ")
}

/// The argument that the error is about, if the program has one of that name.
fn own_name(error: &Error, program: &Command) -> Option<String> {
    texts(error, ContextKind::InvalidArg).into_iter().find(|name| is_own(name, program))
}

fn is_own(name: &str, command: &Command) -> bool {
    // As clap writes it: `--id <TRANSACTION_ID>`, `--id`, `-o` or `<FILE>`.
    command.get_arguments().any(|argument| {
        let long = argument.get_long().map(|long| format!("--{long}"));
        let short = argument.get_short().map(|short| format!("-{short}"));
        argument.to_string() == name || [long, short].iter().flatten().any(|own| own == name)
    }) || command.get_subcommands().any(|command| is_own(name, command))
}

fn texts(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
