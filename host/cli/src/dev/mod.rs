//! `picloud dev`: the folder, deployed again whenever it changes at an instance of its own, and what that instance answers, printed.
//!
//! The instance is the program's: this crate is told where it is and what ran there, and is a client of it like any other. `rounds` deploys,
//! `watch` says when, `show` prints, `login` keeps the key.

mod login;
mod rounds;
mod show;
mod watch;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

pub use show::{Answered, Error, Frame, Line, Ran};

use crate::{
    environment::Environment,
    failure::{Failure, Result},
    project::{FILE_NAME, Project, ProjectError},
    terminal::Terminal,
};

pub(crate) use login::key;

/// Where the instance keeps everything, below the project's folder.
const DATA_DIR: [&str; 2] = [".picloud", "dev"];
/// What was answered and is not printed yet. What finds no room is not printed: the server does not wait for a terminal.
const UNSEEN_MAX: usize = 10_000;

/// Something to print.
#[derive(Debug)]
pub enum Event {
    /// An execution has ended.
    Ran(Ran),
    /// A request was answered without one.
    Answered(Answered),
}

/// A project under development.
#[derive(Debug)]
pub struct Dev {
    root: PathBuf,
    terminal: Terminal,
    events: SyncSender<Event>,
    unseen: Receiver<Event>,
}

/// The instance that runs the project.
#[derive(Debug)]
pub struct Instance {
    /// Scheme, host and port of the instance's own host.
    pub url: String,
    /// Its owner.
    pub username: String,
    pub password: String,
}

impl Dev {
    /// The project that the program was started in. What is wrong is told.
    ///
    /// # Errors
    /// There is none, or it is wrong: the status to end with.
    pub fn open(environment: &Environment, json: bool, verbose: bool) -> std::result::Result<Self, ExitCode> {
        let terminal = Terminal::new(environment, json, verbose);
        match Self::find(environment) {
            Ok(root) => {
                let (events, unseen) = sync_channel(UNSEEN_MAX);
                Ok(Self { root, terminal, events, unseen })
            }
            Err(failure) => {
                failure.tell(&terminal);
                Err(ExitCode::from(failure.exit as u8))
            }
        }
    }

    /// A file that is wrong can be mended while it is watched; one that is not there can't be.
    fn find(environment: &Environment) -> Result<PathBuf> {
        match Project::find(&environment.directory) {
            Ok(project) => Ok(project.root),
            Err(ProjectError::Wrong { path, .. }) => Ok(path.parent().unwrap_or(&path).to_owned()),
            Err(error) => Err(Failure::from(error).next(format!("picloud init makes a folder with a {FILE_NAME}"))),
        }
    }

    /// Where the instance is to keep everything.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        data_dir(&self.root)
    }

    /// Where the instance leaves what is to be printed. It must not wait.
    #[must_use]
    pub fn events(&self) -> SyncSender<Event> {
        self.events.clone()
    }

    /// The instance answers: deploys the folder there, and again at each change, for as long as the process lives.
    pub fn start(self, instance: Instance) {
        let Self { root, terminal, unseen, .. } = self;
        let (shown, printing) = (terminal.clone(), root.clone());
        thread::spawn(move || unseen.iter().for_each(|event| show::event(&event, &printing, &shown)));
        thread::spawn(move || {
            if let Err(failure) = rounds::run(&root, &instance, &terminal) {
                failure.tell(&terminal);
            }
        });
    }
}

fn data_dir(root: &Path) -> PathBuf {
    root.join(DATA_DIR[0]).join(DATA_DIR[1])
}
