//! The package in a fresh Debian: installed, confined, run by its systemd, upgraded, removed. Its pages say how; here is what must be so then.

use std::path::Path;

use anyhow::{Result, bail};

use super::{
    debian::{Base, Debian, Network},
    page,
};

/// Most that `systemd-analyze security` may find, in tenths (S-2.30).
const EXPOSURE_MAX: &str = "25";

/// After the installation.
const INSTALLED: &str = "
test \"$(stat --format '%U:%G %a' /var/lib/picloud)\" = 'picloud:picloud 700'
test \"$(stat --format '%U:%G %a' /var/lib/picloud/secrets.key)\" = 'root:root 600'
test \"$(stat --format '%U:%G %a' /etc/picloud/picloud.toml)\" = 'root:picloud 640'
grep --quiet --extended-regexp '^[0-9a-f]{64}$' /var/lib/picloud/secrets.key
test \"$(systemctl is-enabled picloud.service)\" = enabled
# No cluster was made, and the next installation of PostgreSQL would make one as usual.
test -x /usr/lib/postgresql/*/bin/initdb
test -z \"$(find /etc/postgresql /var/lib/postgresql -mindepth 2)\"
test ! -e /etc/postgresql-common/createcluster.d/picloud.conf
";

/// The service is up: systemd was told so, and the program found nothing that it has to do without.
const UP: &str = "
ready() { curl --silent --show-error --fail --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1:9180/readyz; }
state() { systemctl show --property=$1 --value picloud.service; }
ready
test \"$(state ActiveState) $(state Type) $(state User)\" = 'active notify picloud'
test \"$(stat --format '%U %a' /var/lib/picloud/postgres/data)\" = 'picloud 700'
journalctl --unit picloud.service --no-pager
test -z \"$(journalctl --unit picloud.service | grep --ignore-case --extended-regexp 'warning|made the key')\"
";

/// It comes back: restarted in order, killed with its database, and hanging (the last is found by the watchdog). Then it ends.
const COMES_BACK: &str = "
answers() { curl --silent --show-error --fail --retry 60 --retry-all-errors --retry-delay 1 --header 'Host: hello.example.net' http://127.0.0.1:8080/greet/again; }
systemctl restart picloud.service
answers
test \"$(state NRestarts)\" = 0
systemctl kill --signal=KILL picloud.service
answers
test \"$(state NRestarts)\" = 1
kill -STOP $(state MainPID)
answers
test \"$(state NRestarts)\" = 2
systemctl stop picloud.service
test \"$(state Result)\" = success
";

/// Before another version comes.
const BEFORE: &str = "
echo '# mine' >>/etc/picloud/picloud.toml
ours() { sha256sum /etc/picloud/picloud.toml /var/lib/picloud/secrets.key; }
before=$(ours)
first=$(state MainPID)
installed() { dpkg-query --show --showformat='${Version}' picloud; }
cd /srv/next
";

/// Another version is there, and runs: it answers as before, and what is the administrator's was left alone.
const OTHER_VERSION: &str = "
test \"$(ours)\" = \"$before\"
test \"$(state ActiveState) $(state NRestarts)\" = 'active 0'
test $(state MainPID) != $first
first=$(state MainPID)
ready
curl --silent --show-error --fail --header 'Host: hello.example.net' http://127.0.0.1:8080/greet/you
";

/// After the removal: nothing but the data.
const REMOVED: &str = "
test \"$(find / -xdev -name '*picloud*' -not -path '/var/lib/picloud/*' -not -path '/srv/*' -not -path '/proc/*')\" = /var/lib/picloud
test -s /var/lib/picloud/secrets.key -a -d /var/lib/picloud/postgres/data
test \"$(stat --format %U /var/lib/picloud)\" = picloud
rm -r /var/lib/picloud
deluser --quiet --system picloud
";

/// All of it, with the commands of the pages where they belong.
pub(crate) fn test(workspace: &Path, base: &Base, package: &Path, next: &Path) -> Result<()> {
    let install = page::commands(workspace, "docs/operate/install.md", "sh")?;
    let [add, configure, look, password, remove] = install.as_slice() else {
        bail!("docs/operate/install.md has {} blocks of commands; tell installed.rs when each of them is to be run", install.len());
    };
    let domains = page::commands(workspace, "docs/operate/domains-and-tls.md", "sh")?;
    let [caddy, ask] = domains.as_slice() else {
        bail!("docs/operate/domains-and-tls.md has {} blocks of commands; tell installed.rs when each of them is to be run", domains.len());
    };
    let upgrade = page::commands(workspace, "docs/operate/upgrade.md", "sh package")?;
    let [forward, back] = upgrade.as_slice() else {
        bail!("docs/operate/upgrade.md has {} blocks of `sh package`; tell installed.rs when each of them is to be run", upgrade.len());
    };
    let debian = base.copy("installed")?;
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    debian.put(package, &format!("/srv/{name}"))?;
    debian.put(next, &format!("/srv/next/{}", next.file_name().unwrap_or_default().to_string_lossy()))?;
    debian.shell(Network::Shared, &format!("cd /srv\n{add}"))?;
    debian.shell(Network::None, INSTALLED)?;
    is_confined(&debian)?;
    debian.shell(Network::Shared, &format!("{configure}{caddy}"))?;
    let is_next = "case $(installed) in *+next) ;; *) exit 1 ;; esac\n";
    let is_former = "cd /\ncase $(installed) in *+next) exit 1 ;; esac\n";
    let versions = format!("{BEFORE}{forward}{is_next}{OTHER_VERSION}cd /srv\n{back}{is_former}{OTHER_VERSION}");
    debian.boot(&format!("{UP}{look}{ask}{password}{versions}{COMES_BACK}"))?;
    debian.shell(Network::Shared, remove)?;
    debian.shell(Network::None, REMOVED)?;
    Ok(())
}

/// The unit has no mistake, and leaves the service little.
fn is_confined(debian: &Debian) -> Result<()> {
    let verified = debian.shell(Network::None, "systemd-analyze verify picloud.service 2>&1")?;
    anyhow::ensure!(!verified.contains("picloud"), "systemd says of the unit:\n{verified}");
    let exposed = format!("systemd-analyze security --no-pager --offline=true --threshold={EXPOSURE_MAX} picloud.service");
    let told = debian.shell(Network::None, &exposed)?;
    eprintln!("{}", told.lines().last().unwrap_or_default());
    Ok(())
}
