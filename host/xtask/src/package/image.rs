//! The image for containers, without an engine for them: the steps of its Dockerfile in a fresh Debian, and what it runs.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use super::debian::{Base, Debian, Network};

/// The only system that the steps are tried in.
const FROM: &str = "debian:12-slim";
/// What is copied into the image: here the package that was given.
const PACKAGE: &str = "target/dist/picloud_*.deb";

/// What it answers, as a container on a network of its own.
const ANSWERS: &str = "
server=$!
curl --silent --show-error --fail --retry 600 --retry-connrefused --retry-delay 1 http://127.0.0.1:9180/readyz
curl --silent --show-error --fail --header 'Host: hello.localhost' http://127.0.0.1:8080/greet/you
test \"$(stat --format '%U %a' /var/lib/picloud/secrets.key)\" = 'picloud 600'
kill -TERM $server
wait $server
";

/// What a Dockerfile says beside its steps.
#[derive(Debug, Default, PartialEq, Eq)]
struct Run {
    environment: Vec<String>,
    user: String,
    command: Vec<String>,
}

/// Takes each step as a builder would, and starts what the image starts.
pub(crate) fn test(workspace: &Path, base: &Base, package: &Path) -> Result<()> {
    let text = fs::read_to_string(workspace.join("packaging/Dockerfile")).context("reading packaging/Dockerfile")?;
    let debian = base.copy("image")?;
    let mut run = Run::default();
    for (instruction, rest) in instructions(&text) {
        step(&debian, package, &mut run, &instruction, &rest).with_context(|| format!("in the Dockerfile: {instruction} {rest}"))?;
    }
    // Each container makes a key of its own.
    debian.shell(Network::None, "test ! -e /var/lib/picloud/secrets.key")?;
    let Run { environment, user, command } = run;
    anyhow::ensure!(user == "picloud", "the image runs as `{user}`");
    let start = format!("setpriv --reuid {user} --regid {user} --init-groups --no-new-privs --inh-caps=-all --bounding-set=-all env");
    let start = format!("{start} {} {} &", environment.join(" "), command.join(" "));
    debian.shell(Network::None, &format!("{start}{ANSWERS}"))?;
    is_composed(workspace, &debian)
}

fn step(debian: &Debian, package: &Path, run: &mut Run, instruction: &str, rest: &str) -> Result<()> {
    match instruction {
        "FROM" if rest == FROM => {}
        "COPY" => {
            let Some((PACKAGE, to)) = rest.split_once(' ') else { bail!("only {PACKAGE} is copied") };
            let name = package.file_name().unwrap_or_default().to_string_lossy();
            debian.put(package, &format!("{to}{name}"))?;
        }
        "RUN" => drop(debian.shell(Network::Shared, rest)?),
        "ENV" => run.environment.extend(rest.split_whitespace().map(str::to_owned)),
        "USER" => rest.clone_into(&mut run.user),
        "ENTRYPOINT" | "CMD" => run.command.extend(serde_json::from_str::<Vec<String>>(rest)?),
        // Said to whoever runs the image.
        "VOLUME" | "EXPOSE" => {}
        _ => bail!("this step is not known here: teach image.rs, or do without"),
    }
    Ok(())
}

/// Instructions with what follows them, continued lines put together.
fn instructions(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).collect();
    let whole = lines.join("\n").replace("\\\n", " ");
    let pairs = whole.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(instruction, rest)| (instruction.to_owned(), rest.split_whitespace().collect::<Vec<_>>().join(" "))).collect()
}

/// Compose reads its file.
fn is_composed(workspace: &Path, debian: &Debian) -> Result<()> {
    debian.put(&workspace.join("packaging/compose.yaml"), "/srv/packaging/compose.yaml")?;
    debian.shell(
        Network::Shared,
        "apt-get update -q\napt-get install -qy --no-install-recommends docker-compose
         export PICLOUD_HOST=cloud.example.com PICLOUD_BASE_DOMAIN=example.net
         docker-compose --file /srv/packaging/compose.yaml config --quiet
         unset PICLOUD_HOST
         ! docker-compose --file /srv/packaging/compose.yaml config --quiet",
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_may_go_over_lines() {
        let text = "# a comment\nFROM x\nRUN a \\\n    && b\n\nCMD [\"c\", \"d\"]\n";
        let read = instructions(text);
        let read: Vec<(&str, &str)> = read.iter().map(|(name, rest)| (name.as_str(), rest.as_str())).collect();
        assert_eq!(read, [("FROM", "x"), ("RUN", "a && b"), ("CMD", "[\"c\", \"d\"]")]);
    }
}
