//! `picloud:script/files`

use execution::{
    Answer, Question,
    files::{self, PAGE_ENTRIES_MAX, Range, check_path, check_prefix},
};

use crate::{
    bindings::{
        files::{Entry, File, Host, Page},
        state::Error,
    },
    state::State,
};

impl Host for State {
    async fn info(&mut self, path: String) -> wasmtime::Result<Result<Option<File>, Error>> {
        self.count_file_call()?;
        Ok(match check_path(&path) {
            Ok(()) => self.file_info(path).await.map(|info| info.map(shown)),
            Err(rule) => Err(Error::Invalid(rule)),
        })
    }

    async fn read(&mut self, path: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        self.count_file_call()?;
        Ok(match check_path(&path) {
            Ok(()) => self.file_bytes(path).await,
            Err(rule) => Err(Error::Invalid(rule)),
        })
    }

    fn write(&mut self, path: String, bytes: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        self.count_file_call()?;
        let now_ms = self.now_ms;
        Ok(check_path(&path)
            .map_err(Error::Invalid)
            .and_then(|()| self.check_size(&path, bytes.len() as u64))
            .and_then(|()| Ok(self.transaction.put_file(path, bytes, now_ms)?)))
    }

    fn delete(&mut self, path: String) -> wasmtime::Result<Result<(), Error>> {
        self.count_file_call()?;
        Ok(check_path(&path).map_err(Error::Invalid).and_then(|()| Ok(self.transaction.delete_file(path)?)))
    }

    async fn list(&mut self, prefix: String, after: Option<String>, limit: u32) -> wasmtime::Result<Result<Page, Error>> {
        self.count_file_call()?;
        let range = Range { prefix, after, limit };
        Ok(match check_range(&range) {
            Ok(()) => self.file_list(range).await,
            Err(error) => Err(error),
        })
    }

    fn bytes_max(&mut self) -> wasmtime::Result<u64> {
        Ok(self.file_bytes_max as u64)
    }
}

impl State {
    async fn file_info(&mut self, path: String) -> Result<Option<files::Info>, Error> {
        if let Some(known) = self.transaction.file(&path) {
            return Ok(known);
        }
        let answer = self.ask(&Question::FileInfo { path: path.clone() }).await;
        let Answer::FileInfo(info) = answer else { return Err(super::other_answer()) };
        let info = info?;
        self.transaction.saw_file(path, info.clone())?;
        Ok(info)
    }

    async fn file_bytes(&mut self, path: String) -> Result<Option<Vec<u8>>, Error> {
        if let Some(own) = self.transaction.own_bytes(&path) {
            return Ok(Some(own));
        }
        // Before anything of it is in memory.
        let Some(info) = self.file_info(path.clone()).await? else { return Ok(None) };
        self.check_size(&path, info.size)?;
        self.transaction.will_read(info.size)?;
        let answer = self.ask(&Question::FileBytes { digest: info.digest, size: info.size }).await;
        let Answer::FileBytes(bytes) = answer else { return Err(super::other_answer()) };
        Ok(Some(bytes?.0))
    }

    async fn file_list(&mut self, range: Range) -> Result<Page, Error> {
        let answer = self.ask(&Question::FileList(range.clone())).await;
        let Answer::FileList(page) = answer else { return Err(super::other_answer()) };
        let (entries, next) = self.transaction.list_files(range, page?)?;
        Ok(Page { entries: entries.into_iter().map(|(path, info)| Entry { path, file: shown(info) }).collect(), next })
    }

    fn check_size(&self, path: &str, size: u64) -> Result<(), Error> {
        let max = self.file_bytes_max;
        if size <= max as u64 {
            return Ok(());
        }
        Err(Error::TooLarge(format!("the file `{path}` has {size} bytes, and {max} are allowed (file_bytes)")))
    }
}

fn shown(info: files::Info) -> File {
    File { size: info.size, digest: info.digest, updated_at_ms: info.updated_at_ms }
}

fn check_range(range: &Range) -> Result<(), Error> {
    check_prefix("a prefix", &range.prefix).map_err(Error::Invalid)?;
    check_prefix("`after`", range.after.as_deref().unwrap_or("")).map_err(Error::Invalid)?;
    if (1..=PAGE_ENTRIES_MAX).contains(&range.limit) {
        return Ok(());
    }
    Err(Error::Invalid(format!("a page has 1 to {PAGE_ENTRIES_MAX} files, not {}", range.limit)))
}
