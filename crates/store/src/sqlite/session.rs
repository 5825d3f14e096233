//! One transaction's view of a database: the ways to use a statement, and what the
//! engine's errors mean in our words.

use std::cell::RefCell;

use rusqlite::{Connection, ErrorCode, Params};

use super::column::Columns;
use crate::{Result, StoreError};

/// A connection inside an open transaction.
pub(super) struct Session<'c> {
    conn: &'c Connection,
    fault: RefCell<Option<StoreError>>,
}

impl<'c> Session<'c> {
    pub(super) const fn new(conn: &'c Connection) -> Self {
        Self { conn, fault: RefCell::new(None) }
    }

    /// Runs a statement that changes rows; says how many.
    pub(super) fn run(&self, sql: &'static str, params: impl Params) -> Result<usize> {
        self.still_open()?;
        self.conn
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(|why| self.note("row", &why))
    }

    /// Adds a row to a table that numbers its rows; returns the number, or none if the row was
    /// there. (With `RETURNING`, SQLite would keep an undo log for each statement.)
    pub(super) fn add(&self, sql: &'static str, params: impl Params) -> Result<Option<i64>> {
        let added = self.run(sql, params)?;
        Ok((added > 0).then(|| self.conn.last_insert_rowid()))
    }

    /// The first row of a query, or none. `noun` names what the row is.
    pub(super) fn one<T>(
        &self,
        noun: &'static str,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&mut Columns<'_, '_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.still_open()?;
        let first = || {
            let mut statement = self.conn.prepare_cached(sql)?;
            let mut rows = statement.query(params)?;
            rows.next()?.map(|row| read(&mut Columns::new(row))).transpose()
        };
        first().map_err(|why| self.note(noun, &why))
    }

    /// Every row of a query. `noun` names what a row is.
    pub(super) fn many<T>(
        &self,
        noun: &'static str,
        sql: &'static str,
        params: impl Params,
        mut read: impl FnMut(&mut Columns<'_, '_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.still_open()?;
        let all = || {
            let mut statement = self.conn.prepare_cached(sql)?;
            statement.query_map(params, |row| read(&mut Columns::new(row)))?.collect()
        };
        let all: rusqlite::Result<Vec<T>> = all();
        all.map_err(|why| self.note(noun, &why))
    }

    /// The engine's last complaint in this session.
    pub(super) fn fault(&self) -> Option<StoreError> {
        self.fault.borrow().clone()
    }

    /// The engine may end a transaction by itself, for instance when the disk is full. A
    /// statement after that would be a transaction of its own, so none may follow.
    fn still_open(&self) -> Result<()> {
        if self.conn.is_autocommit() {
            return Err(self.fault().unwrap_or_else(transaction_lost));
        }
        Ok(())
    }

    fn note(&self, noun: &'static str, why: &rusqlite::Error) -> StoreError {
        let error = translate(noun, why);
        self.fault.replace(Some(error.clone()));
        error
    }
}

/// The engine ended a transaction without saying why.
pub(super) fn transaction_lost() -> StoreError {
    StoreError::Engine("the transaction ended before its work did".to_owned())
}

/// An engine's error in our words; `noun` names what was being read.
pub(super) fn translate(noun: &'static str, why: &rusqlite::Error) -> StoreError {
    if let Some(code) = why.sqlite_error_code() {
        return if code == ErrorCode::DiskFull {
            StoreError::Full
        } else if matches!(code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) {
            StoreError::Conflict("the database")
        } else if code == ErrorCode::ConstraintViolation {
            StoreError::Conflict("a row that was to be added")
        } else if matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) {
            StoreError::Damaged("database")
        } else {
            StoreError::Engine(why.to_string())
        };
    }
    if matches!(
        why,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::InvalidColumnType(..)
    ) {
        return StoreError::Damaged(noun);
    }
    StoreError::Engine(why.to_string())
}

/// An engine's error outside any row.
#[expect(clippy::needless_pass_by_value, reason = "so that it reads well in `map_err`")]
pub(super) fn engine(why: rusqlite::Error) -> StoreError {
    translate("database", &why)
}
