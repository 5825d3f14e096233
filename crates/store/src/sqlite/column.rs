//! Columns: how each noun lies in a cell of a table, and how it is read back.
//!
//! A cell that does not hold what was written is an error of the read, never a default.

use entente_model::codec::{Reader, Writer};
use entente_model::item::{ItemKind, Lane};
use entente_model::{
    AgreementId, BasisId, BodyDigest, Digest, LawId, NationCode, NationId, NodeId, ObjectId,
    Timestamp, WrapContextId,
};
use rusqlite::types::{FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Error, Result, Row};

/// Something that can be written into a cell.
pub(super) trait Put {
    fn put(&self) -> Result<ToSqlOutput<'_>>;
}

/// Something that can be read from a cell.
pub(super) trait Take: Sized {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self>;
}

/// A parameter of a statement.
pub(super) struct Cell<'a, T: ?Sized>(pub(super) &'a T);

impl<T: Put + ?Sized> ToSql for Cell<'_, T> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        self.0.put()
    }
}

/// The parameters of a statement, in order.
macro_rules! cells {
    ($($value:expr),* $(,)?) => {
        rusqlite::params![$($crate::sqlite::column::Cell(&$value)),*]
    };
}
pub(super) use cells;

/// Reads the columns of a row from left to right.
pub(super) struct Columns<'r, 's> {
    row: &'r Row<'s>,
    at: usize,
}

impl<'r, 's> Columns<'r, 's> {
    pub(super) const fn new(row: &'r Row<'s>) -> Self {
        Self { row, at: 0 }
    }

    /// The next column.
    pub(super) fn take<T: Take>(&mut self) -> Result<T> {
        let at = self.at;
        self.at += 1;
        let cell = self.row.get_ref(at)?;
        T::take(cell)
            .map_err(|why| Error::FromSqlConversionFailure(at, cell.data_type(), Box::new(why)))
    }
}

/// A row's only column.
pub(super) fn only<T: Take>(c: &mut Columns<'_, '_>) -> Result<T> {
    c.take()
}

impl<T: Put + ?Sized> Put for &T {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        (**self).put()
    }
}

impl<T: Put> Put for Option<T> {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        self.as_ref().map_or(Ok(ToSqlOutput::Borrowed(ValueRef::Null)), Put::put)
    }
}

impl<T: Take> Take for Option<T> {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        match cell {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => {
                T::take(cell).map(Some)
            }
        }
    }
}

macro_rules! ids {
    ($($id:ident),+) => {
        $(
            impl Put for $id {
                fn put(&self) -> Result<ToSqlOutput<'_>> {
                    Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.as_bytes())))
                }
            }

            impl Take for $id {
                fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
                    let bytes = cell.as_blob()?;
                    Self::from_slice(bytes).ok_or(FromSqlError::InvalidBlobSize {
                        expected_size: Self::LEN,
                        blob_size: bytes.len(),
                    })
                }
            }
        )+
    };
}
ids!(AgreementId, BasisId, BodyDigest, Digest, LawId, NationId, NodeId, ObjectId, WrapContextId);

macro_rules! small {
    ($($number:ident),+) => {
        $(
            impl Put for $number {
                fn put(&self) -> Result<ToSqlOutput<'_>> {
                    Ok(i64::from(*self).into())
                }
            }

            impl Take for $number {
                fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
                    let number = cell.as_i64()?;
                    Self::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
                }
            }
        )+
    };
}
small!(u8, u16, i64);

/// Storage engines count to 2^63 - 1; what is beyond is refused rather than bent.
impl Put for u64 {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        match i64::try_from(*self) {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(Error::ToSqlConversionFailure(
                format!("{self} cannot be stored: the largest number is 2^63 - 1").into(),
            )),
        }
    }
}

impl Take for u64 {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = cell.as_i64()?;
        Self::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl Put for bool {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        Ok(i64::from(*self).into())
    }
}

impl Take for bool {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        match cell.as_i64()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

/// A moment beyond the year 292 million is that moment: "for ever" stays for ever.
impl Put for Timestamp {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.millis()).unwrap_or(i64::MAX).into())
    }
}

impl Take for Timestamp {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        u64::take(cell).map(Self::from_millis)
    }
}

impl Put for str {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.into())
    }
}

impl Put for String {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl Take for String {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_str().map(str::to_owned)
    }
}

impl Put for [u8] {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self)))
    }
}

impl Put for Vec<u8> {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        self.as_slice().put()
    }
}

impl Take for Vec<u8> {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_blob().map(<[u8]>::to_vec)
    }
}

impl<const N: usize> Put for [u8; N] {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        self.as_slice().put()
    }
}

impl<const N: usize> Take for [u8; N] {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = cell.as_blob()?;
        bytes
            .try_into()
            .map_err(|_| FromSqlError::InvalidBlobSize { expected_size: N, blob_size: bytes.len() })
    }
}

/// Names, as an array of texts in the codec's encoding.
impl Put for Vec<String> {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        let mut w = Writer::new();
        w.texts(self);
        Ok(w.into_bytes().into())
    }
}

impl Take for Vec<String> {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        let mut r = Reader::new(cell.as_blob()?);
        r.texts()
            .and_then(|texts| r.end().map(|()| texts))
            .map_err(|why| FromSqlError::Other(Box::new(why)))
    }
}

/// Moments, as an array of numbers in the codec's encoding.
impl Put for Vec<Timestamp> {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        let mut w = Writer::new();
        w.list(self, |w, at| {
            w.value(at);
        });
        Ok(w.into_bytes().into())
    }
}

impl Take for Vec<Timestamp> {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        let mut r = Reader::new(cell.as_blob()?);
        r.list(Reader::value)
            .and_then(|moments| r.end().map(|()| moments))
            .map_err(|why| FromSqlError::Other(Box::new(why)))
    }
}

impl Put for Lane {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        Ok(i64::from(self.number()).into())
    }
}

impl Take for Lane {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = u8::take(cell)?;
        Self::from_number(number).ok_or(FromSqlError::OutOfRange(number.into()))
    }
}

impl Put for ItemKind {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        Ok(i64::from(self.code()).into())
    }
}

impl Take for ItemKind {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = u16::take(cell)?;
        Self::from_code(code.into()).ok_or(FromSqlError::OutOfRange(code.into()))
    }
}

impl Put for NationCode {
    fn put(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl Take for NationCode {
    fn take(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_str()?.parse().map_err(|why| FromSqlError::Other(Box::new(why)))
    }
}
