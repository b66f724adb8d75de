//! The program `picloud`: configuration, wiring, commands.
//!
//! Reading order: [`boot`] (everything that runs, in the order of its start), `control_plane`, `data_plane` (the adaptors between
//! the crates that must not know each other), `config`, `commands`.
#![deny(unsafe_code)]

mod backup;
mod boot;
mod certificates;
mod clock;
mod commands;
mod config;
mod control_plane;
mod data_directory;
mod data_plane;
mod database;
mod descriptors;
mod doctor;
mod exposition;
mod files_directory;
mod first_start;
mod internal;
mod key_file;
mod metrics;
mod readiness;
mod seed;
mod shutdown;
mod supervisor;
mod telling;
mod upkeep;
mod wiping;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: wiping::Wiping = wiping::Wiping;

fn main() -> ExitCode {
    match commands::run(commands::Command::parse()) {
        Ok(status) => status,
        Err(error) => {
            telling::tell(&format!("error: {}", telling::chain(&error)));
            ExitCode::FAILURE
        }
    }
}
