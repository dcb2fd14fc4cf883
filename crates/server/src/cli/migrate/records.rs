//! Reading an export record by record, so that its size does not matter: a list, a list within one object, lines of JSON, or
//! a table (CSV).

use std::{
    fmt,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A file that counts what was read of it.
pub(super) struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Counted {
    pub(super) fn new(file: File, read: Arc<AtomicU64>) -> Self {
        Self { file, read }
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(u64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
        Ok(count)
    }
}

/// Gives each record to `take`, which ends the reading by answering `false`. `list` is the member of the one object that an
/// export may be.
pub(super) fn each(
    path: &Path,
    file: Counted,
    list: Option<&str>,
    take: &mut dyn FnMut(Value) -> bool,
) -> Result<(), String> {
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        return table(reader, take);
    }
    let first = first_byte(&mut reader).map_err(|e| e.to_string())?;
    let mut json = serde_json::Deserializer::from_reader(reader);
    let done = match (first, list) {
        (None, _) => return Err("it is empty".to_owned()),
        (Some(b'['), _) => json.deserialize_seq(List { take }),
        (Some(b'{'), Some(list)) => json.deserialize_map(Object { list, take }).and_then(|found| {
            let missing = || serde::de::Error::custom(format!("there is no list {list:?} in it"));
            if found { Ok(true) } else { Err(missing()) }
        }),
        (Some(b'{'), None) => return lines(json, take),
        (Some(_), _) => return Err("it is neither JSON nor, by its name, CSV".to_owned()),
    };
    match done {
        Ok(_) => Ok(()),
        Err(error) if error.to_string().starts_with(STOPPED) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// What ends a reading that nobody wants to go on with.
const STOPPED: &str = "nobody reads on";

fn first_byte(reader: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    loop {
        let buffer = reader.fill_buf()?;
        let Some(first) = buffer.first().copied() else { return Ok(None) };
        // A mark of the byte order is none of JSON.
        let skip = match first {
            b' ' | b'\t' | b'\r' | b'\n' => 1,
            0xef if buffer.starts_with(b"\xef\xbb\xbf") => 3,
            _ => return Ok(Some(first)),
        };
        reader.consume(skip);
    }
}

fn lines(
    json: serde_json::Deserializer<serde_json::de::IoRead<impl Read>>,
    take: &mut dyn FnMut(Value) -> bool,
) -> Result<(), String> {
    for record in json.into_iter::<Value>() {
        if !take(record.map_err(|e| e.to_string())?) {
            break;
        }
    }
    Ok(())
}

fn table(reader: impl Read, take: &mut dyn FnMut(Value) -> bool) -> Result<(), String> {
    let mut table = csv::Reader::from_reader(reader);
    let names: Vec<String> = table.headers().map_err(|e| e.to_string())?.iter().map(str::to_owned).collect();
    for row in table.records() {
        let row = row.map_err(|e| e.to_string())?;
        let cells = row.iter().map(|cell| Value::String(cell.to_owned()));
        let names = names.iter().map(|name| name.trim().trim_start_matches('\u{feff}').to_owned());
        if !take(Value::Object(names.zip(cells).collect())) {
            break;
        }
    }
    Ok(())
}

struct List<'t> {
    take: &'t mut dyn FnMut(Value) -> bool,
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        while let Some(record) = members.next_element::<Value>()? {
            if !(self.take)(record) {
                return Err(serde::de::Error::custom(STOPPED));
            }
        }
        Ok(true)
    }
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

struct Object<'t> {
    list: &'t str,
    take: &'t mut dyn FnMut(Value) -> bool,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list {:?}", self.list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(name) = members.next_key::<String>()? {
            if name == self.list {
                found = members.next_value_seed(List { take: &mut *self.take })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}
