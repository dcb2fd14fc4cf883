//! Gathers what the file and the environment say, before any value is understood.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use super::{
    Key, Problem,
    keys::{CONFIG_VARIABLE, ENV_PREFIX, Kind},
};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// A variable.
    Environment,
    /// The file that the `_FILE` form names.
    SecretFile(PathBuf),
}

/// A value as written. Lists have any number of items, everything else one.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) items: Vec<String>,
    pub(super) source: Source,
}

impl Written {
    fn new(key: Key, text: &str, source: Source) -> Self {
        let items = match key.kind() {
            Kind::List => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
            _ => vec![text.trim().to_owned()],
        };
        Self { items, source }
    }

    /// The one value, or the list joined again.
    pub(super) fn text(&self) -> String {
        self.items.join(", ")
    }
}

/// What was written for each key, and what could not be taken.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) values: BTreeMap<Key, Written>,
    pub(super) problems: Vec<Problem>,
}

/// Values of one layer: the key, its text, and whether the text names a secret's file.
type Layer = BTreeMap<Key, (Option<Vec<String>>, Option<PathBuf>)>;

impl Gathered {
    /// Reads the file (if any) and the environment, which wins.
    pub(super) fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut gathered = Self::default();
        let mut variables = Layer::new();
        let mut named_file = None;
        for (name, value) in environment {
            gathered.take_variable(&name, &value, &mut variables, &mut named_file);
        }
        if let Some(path) = file.map(Path::to_path_buf).or(named_file) {
            let layer = gathered.read_file(&path);
            gathered.merge(layer, &Source::File(path));
        }
        gathered.merge(variables, &Source::Environment);
        gathered
    }

    fn take_variable(
        &mut self,
        name: &OsString,
        value: &OsString,
        layer: &mut Layer,
        file: &mut Option<PathBuf>,
    ) {
        // An empty variable is an unset one: orchestrators cannot leave a variable out.
        let Some(name) = name.to_str().filter(|n| n.starts_with(ENV_PREFIX) && !value.is_empty()) else {
            return;
        };
        if name == CONFIG_VARIABLE {
            *file = Some(PathBuf::from(value));
            return;
        }
        let Some((key, is_file)) = Key::of_variable(name) else {
            let variables =
                Key::file_names().into_iter().map(|n| format!("{ENV_PREFIX}{}", n.to_ascii_uppercase()));
            self.problems.push(unknown(name, name, variables.chain([CONFIG_VARIABLE.to_owned()])));
            return;
        };
        if is_file {
            layer.entry(key).or_default().1 = Some(PathBuf::from(value));
        } else if let Some(text) = value.to_str() {
            layer.entry(key).or_default().0 = Some(Written::new(key, text, Source::Environment).items);
        } else {
            self.problems.push(Problem::new(name, "its value is not UTF-8.", "Write it as text."));
        }
    }

    fn read_file(&mut self, path: &Path) -> Layer {
        let mut layer = Layer::new();
        let place = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) => {
                let remedy = "Name a file that we may read with --config or AVNOLOGY_CONFIG.";
                self.problems.push(Problem::new(
                    place,
                    format!("the configuration file cannot be read ({e})."),
                    remedy,
                ));
                return layer;
            }
        };
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(e) => {
                // The error's own text quotes the line, which may hold a secret.
                let line = e
                    .span()
                    .and_then(|s| text.get(..s.start))
                    .map_or(1, |before| before.lines().count().max(1));
                let what =
                    format!("line {line} is not TOML: {}.", e.message().lines().next().unwrap_or_default());
                self.problems.push(Problem::new(
                    place,
                    what,
                    "Mend the line; lines look like key = \"value\".",
                ));
                return layer;
            }
        };
        for (name, value) in table {
            let Some((key, is_file)) = Key::of_file_name(&name) else {
                self.problems.push(unknown(&format!("`{name}` in {place}"), &name, Key::file_names()));
                continue;
            };
            match (items_of(key, &value), is_file) {
                (Some(items), false) => layer.entry(key).or_default().0 = Some(items),
                (Some(items), true) => layer.entry(key).or_default().1 = Some(PathBuf::from(items.concat())),
                (None, _) => {
                    let expected =
                        if key.kind() == Kind::List { "an array of texts" } else { "one text or number" };
                    let what = format!("its value is {}.", value.type_str());
                    self.problems.push(Problem::new(
                        format!("`{name}` in {place}"),
                        what,
                        format!("Write {expected}."),
                    ));
                }
            }
        }
        layer
    }

    /// Puts a layer over what is there already.
    fn merge(&mut self, layer: Layer, source: &Source) {
        for (key, (items, file)) in layer {
            let written = match (items, file) {
                (Some(_), Some(_)) => {
                    let what = format!("both `{0}` and `{0}_file` are set.", key.name());
                    self.problems.push(Problem::of(key, source, what, "Keep one of them."));
                    continue;
                }
                (Some(items), None) => Written { items, source: source.clone() },
                (None, Some(path)) => match fs::read_to_string(&path) {
                    Ok(text) => Written::new(key, &text, Source::SecretFile(path)),
                    Err(e) => {
                        let what = format!("its file {} cannot be read ({e}).", path.display());
                        self.problems.push(Problem::of(key, source, what, "Name a file that we may read."));
                        continue;
                    }
                },
                (None, None) => continue,
            };
            if written.items.iter().any(String::is_empty) {
                self.problems.push(Problem::of(
                    key,
                    &written.source,
                    "it is empty.",
                    "Write a value, or leave it out.",
                ));
            } else {
                self.values.insert(key, written);
            }
        }
    }
}

/// The items of a TOML value; `None` when it is of the wrong type.
fn items_of(key: Key, value: &toml::Value) -> Option<Vec<String>> {
    let one = |value: &toml::Value| match value {
        toml::Value::String(text) => Some(text.trim().to_owned()),
        toml::Value::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        toml::Value::Array(items) if key.kind() == Kind::List => items.iter().map(one).collect(),
        value if key.kind() != Kind::List => one(value).map(|text| vec![text]),
        _ => None,
    }
}

/// An unknown `name`, with the nearest known one when one is near.
fn unknown(place: &str, name: &str, known: impl IntoIterator<Item = String>) -> Problem {
    let nearest = known.into_iter().map(|k| (strsim::damerau_levenshtein(name, &k), k)).min();
    let remedy = match nearest {
        Some((distance, known)) if distance <= known.len() / 3 => {
            format!("Did you mean {known}? Else remove it.")
        }
        _ => "Remove it; `avnology config keys` lists every key.".to_owned(),
    };
    Problem::new(place, "there is no such key.", remedy)
}
