//! Data goes to standard output, talk to standard error; what comes of scripts and servers can't move the cursor.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde_json::Value;

use crate::{
    environment::Environment,
    failure::{Failure, Result},
};

/// Longest line that is read where there is nobody to type one, in bytes.
const LINE_BYTES_MAX: u64 = 4096;

/// The two streams, and what they can show.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Whether data is JSON.
    pub(crate) json: bool,
    /// Whether the exchange with the server is shown.
    pub(crate) verbose: bool,
    color_out: bool,
    color_err: bool,
    /// Whether somebody is there to answer.
    interactive: bool,
}

impl Terminal {
    pub(crate) fn new(environment: &Environment, json: bool, verbose: bool) -> Self {
        let colored = |is_terminal: bool| !environment.no_color && (is_terminal || environment.color_forced);
        let interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
        let (color_out, color_err) = (colored(io::stdout().is_terminal()), colored(io::stderr().is_terminal()));
        Self { json, verbose, color_out, color_err, interactive }
    }

    /// A line of data.
    ///
    /// # Errors
    /// Nobody reads it any more, or the disk is full.
    pub(crate) fn data(&self, line: &str) -> Result<()> {
        writeln!(io::stdout(), "{line}").map_err(|error| Failure::output(&error))
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut output = io::stdout().lock();
        let written = output.write_all(bytes).and_then(|()| output.flush());
        written.map_err(|error| Failure::output(&error))
    }

    /// The API's own JSON.
    pub(crate) fn value(&self, value: &Value) -> Result<()> {
        self.data(&format!("{value:#}"))
    }

    /// JSON in one line, of many.
    pub(crate) fn line(&self, value: &Value) -> Result<()> {
        self.data(&value.to_string())
    }

    /// A line of talk. One that can't be written is lost: nobody reads it.
    pub(crate) fn tell(&self, line: &str) {
        let _is_lost = writeln!(io::stderr(), "{line}");
    }

    /// Asks for a line.
    ///
    /// # Errors
    /// Nobody is there; `instead` says how to give it otherwise.
    pub(crate) fn ask(&self, what: &str, instead: &str) -> Result<String> {
        self.demand_somebody(what, instead)?;
        let _is_lost = write!(io::stderr(), "{what}: ").and_then(|()| io::stderr().flush());
        read_line()
    }

    /// Asks for something that nobody should see.
    ///
    /// # Errors
    /// As [`Terminal::ask`].
    pub(crate) fn ask_unseen(&self, what: &str, instead: &str) -> Result<String> {
        self.demand_somebody(what, instead)?;
        rpassword::prompt_password(format!("{what}: ")).map_err(|error| Failure::failed(format!("could not read the {what}: {error}")))
    }

    /// Asks whether something is meant that can't be undone.
    ///
    /// # Errors
    /// It is not, or nobody is there to say so.
    pub(crate) fn confirm(&self, what: &str) -> Result<()> {
        if !self.interactive {
            return Err(Failure::usage(format!("{what}: this can't be undone, and there is no terminal to ask whether it is meant"))
                .next("add --yes if it is"));
        }
        let answer = self.ask(&format!("{}? [y/N]", harmless(what)), "add --yes")?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
        Err(Failure::failed("nothing was done"))
    }

    fn demand_somebody(&self, what: &str, instead: &str) -> Result<()> {
        if self.interactive {
            return Ok(());
        }
        Err(Failure::usage(format!("there is no terminal to ask for the {}", what.to_lowercase())).next(instead))
    }

    pub(crate) fn red(&self, text: &str) -> String {
        paint(self.color_err, "1;31", text)
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        paint(self.color_err, "1", text)
    }

    /// Data in a colour of the sixteen.
    pub(crate) fn paint(&self, code: &str, text: &str) -> String {
        paint(self.color_out, code, text)
    }
}

fn paint(colored: bool, code: &str, text: &str) -> String {
    if colored && !code.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// All of standard input, where nobody sits there to type it.
///
/// # Errors
/// It is longer than this, or no text.
pub(crate) fn read_all(what: &str, bytes_max: usize) -> Result<String> {
    let mut text = String::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = io::Read::read_to_string(&mut io::Read::take(io::stdin().lock(), limit), &mut text);
    match read {
        // A character may have been cut in two.
        _ if text.len() > bytes_max => Err(Failure::usage(format!("{what} on standard input has more than {bytes_max} bytes"))),
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::failed(format!("could not read {what} from standard input: {error}"))),
    }
}

/// One line of standard input, without its end.
pub(crate) fn read_line() -> Result<String> {
    let mut line = String::new();
    let read = io::Read::take(io::stdin().lock(), LINE_BYTES_MAX).read_line(&mut line);
    read.map_err(|error| Failure::failed(format!("could not read from standard input: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A text that others wrote, in one line and without what a terminal would take for commands.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|character| if character.is_control() && character != '\t' { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_2_12_others_do_not_command_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2J\nb\tc\u{9b}"), "a\u{fffd}[2J\u{fffd}b\tc\u{fffd}");
        assert_eq!(
            (paint(false, "1", "x"), paint(true, "", "x"), paint(true, "1", "x")),
            ("x".into(), "x".into(), "\u{1b}[1mx\u{1b}[0m".into())
        );
    }
}
