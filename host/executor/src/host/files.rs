//! `picloud:script/files`

use execution::{
    Answer, Question,
    files::{Info, PAGE_ENTRIES_MAX, Range, check_path, check_prefix},
};

use crate::{
    bindings::{
        files::{self, Content, Entry, File, Host, Operation, Page},
        state::{self, Error},
    },
    state::State,
};

impl Host for State {
    async fn perform(&mut self, operation: Operation) -> wasmtime::Result<Result<files::Answer, Error>> {
        self.count_file_call()?;
        Ok(match operation {
            Operation::Info(path) => self.file_info(path).await.map(|info| files::Answer::Info(info.map(shown))),
            Operation::Read(path) => self.file_bytes(path).await.map(files::Answer::Bytes),
            Operation::Write(content) => self.write_file(content).map(|()| files::Answer::Done),
            Operation::Delete(path) => self.delete_file(path).map(|()| files::Answer::Done),
            Operation::List(range) => self.file_list(range.into()).await.map(files::Answer::Page),
        })
    }
}

impl State {
    async fn file_info(&mut self, path: String) -> Result<Option<Info>, Error> {
        check_path(&path).map_err(Error::Invalid)?;
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
        check_path(&path).map_err(Error::Invalid)?;
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

    fn write_file(&mut self, Content { path, bytes }: Content) -> Result<(), Error> {
        check_path(&path).map_err(Error::Invalid)?;
        self.check_size(&path, bytes.len() as u64)?;
        Ok(self.transaction.put_file(path, bytes, self.now_ms)?)
    }

    fn delete_file(&mut self, path: String) -> Result<(), Error> {
        check_path(&path).map_err(Error::Invalid)?;
        Ok(self.transaction.delete_file(path)?)
    }

    async fn file_list(&mut self, range: Range) -> Result<Page, Error> {
        check_range(&range)?;
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

fn shown(info: Info) -> File {
    File { size: info.size, digest: info.digest, updated_at_ms: info.updated_at_ms }
}

impl From<state::Range> for Range {
    fn from(range: state::Range) -> Self {
        let state::Range { prefix, after, limit } = range;
        Self { prefix, after, limit }
    }
}

fn check_range(range: &Range) -> Result<(), Error> {
    check_prefix("a prefix", &range.prefix).map_err(Error::Invalid)?;
    check_prefix("`after`", range.after.as_deref().unwrap_or("")).map_err(Error::Invalid)?;
    if (1..=PAGE_ENTRIES_MAX).contains(&range.limit) {
        return Ok(());
    }
    Err(Error::Invalid(format!("a page has 1 to {PAGE_ENTRIES_MAX} files, not {}", range.limit)))
}
