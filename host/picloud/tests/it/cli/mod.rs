//! The command line against a running instance: what it prints where, what it ends with, and what came of it.

mod deploys;
mod dev;
mod logins;
mod observing;
mod secrets;
mod templates;
mod things;

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    iter,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::instance::{Instance, PASSWORD, eventually, program};

/// Somebody's home and project, and the instance that he uses.
pub(super) struct Person {
    home: TempDir,
    url: String,
}

/// Whether a terminal shows what is typed.
pub(super) enum Typing {
    Seen,
    Unseen,
}

/// What a command came to.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Person {
    /// Not logged in yet; his project is an empty folder.
    pub(super) fn at(instance: &Instance) -> Self {
        Self { url: format!("http://localhost:{}", instance.port), ..Self::nowhere() }
    }

    /// He knows no instance.
    pub(super) fn nowhere() -> Self {
        let home = tempfile::tempdir().unwrap();
        // PostgreSQL's user has to enter when the tests run as root.
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(home.path().join("shop")).unwrap();
        Self { home, url: String::new() }
    }

    /// Logs in at another instance.
    pub(super) fn log_in_at(&mut self, instance: &Instance) {
        self.url = format!("http://localhost:{}", instance.port);
        self.log_in().is(0);
    }

    /// Logged in as the owner.
    pub(super) fn logged_in(instance: &Instance) -> Self {
        let person = Self::at(instance);
        person.log_in().is(0);
        person
    }

    pub(super) fn log_in(&self) -> Ended {
        self.run_with(&["login", &self.url, "--username", "owner", "--password-stdin"], PASSWORD, &[])
    }

    pub(super) fn project(&self) -> PathBuf {
        self.home.path().join("shop")
    }

    /// Writes a file of the project.
    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.project().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn logins(&self) -> PathBuf {
        self.home.path().join("config/picloud/logins.toml")
    }

    /// The key that he was given.
    pub(super) fn key(&self) -> String {
        let stored: toml::Table = fs::read_to_string(self.logins()).unwrap().parse().unwrap();
        let contexts = stored["contexts"].as_table().unwrap();
        contexts.values().next().unwrap()["key"].as_str().unwrap().to_owned()
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(Path::new("/nowhere"));
        command.args(arguments).current_dir(self.project()).env("XDG_CONFIG_HOME", self.home.path().join("config"));
        command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command.env_remove("PICLOUD_URL").env_remove("PICLOUD_TOKEN");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "", &[])
    }

    pub(super) fn run_with(&self, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Ended {
        let mut child = self.command(arguments).envs(variables.iter().copied()).spawn().unwrap();
        // One that does not read has ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// With somebody at a terminal who waits for the prompt and types this. What is seen there is all in `out`.
    pub(super) fn at_a_terminal(&self, arguments: &[&str], (prompt, typing, typed): (&str, Typing, &str)) -> Ended {
        let quoted = |word: &OsStr| format!("'{}'", word.to_str().unwrap());
        let command = self.command(arguments);
        let words: Vec<String> = iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &format!("tty; exec {}", words.join(" ")), "/dev/null"]).current_dir(self.project());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => terminal.env(name, value),
                None => terminal.env_remove(name),
            };
        }
        let mut child = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (mut device, mut seen) = (String::new(), Vec::new());
        screen.read_line(&mut device).unwrap();
        while !String::from_utf8_lossy(&seen).contains(prompt) {
            let mut byte = [0];
            screen.read_exact(&mut byte).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&seen)));
            seen.push(byte[0]);
        }
        if matches!(typing, Typing::Unseen) {
            // The prompt comes before the terminal is told.
            let modes = || Command::new("stty").args(["-a", "-F", device.trim()]).output().unwrap().stdout;
            eventually(|| String::from_utf8(modes()).unwrap().contains(" -echo "));
        }
        keyboard.write_all(typed.as_bytes()).unwrap();
        // A keyboard that is gone would end it.
        screen.read_to_end(&mut seen).unwrap();
        let status = child.wait().unwrap().code().unwrap();
        Ended { status, out: String::from_utf8(seen).unwrap(), err: String::new() }
    }

    /// What a command prints with `--json`.
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat()).is(0);
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
    }
}

impl Ended {
    /// It ended with this status.
    #[track_caller]
    pub(super) fn is(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// It told this on standard error.
    #[track_caller]
    pub(super) fn told(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text}: {self:?}");
        self
    }

    /// It printed this on standard output.
    #[track_caller]
    pub(super) fn printed(self, text: &str) -> Self {
        assert!(self.out.contains(text), "{text}: {self:?}");
        self
    }
}
