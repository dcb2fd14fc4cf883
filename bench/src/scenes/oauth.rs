//! Tokens, what is asked about them, and the documents that tell of the server, beside a bare server with the same answers.

use std::path::PathBuf;

use super::{Stage, factors::line, say};
use crate::{
    Outcome,
    bare::Bare,
    client::Client,
    load::between,
    oauth::Relying,
    report::{Line, median},
    server::Server,
    storm,
};

/// Sign-ins of a round, for each of its seconds.
const CODE_FLOWS: u64 = 1_000;
/// Refresh tokens of a round, each of a grant of its own.
const FAMILIES: usize = 256;
/// Access tokens that are asked about in turn, each of another person.
const TOKENS: usize = 2_000;
const FORM: &str = "application/x-www-form-urlencoded";

/// Something that is asked for over and over, and what it is to reach.
struct Asked {
    what: &'static str,
    path: &'static str,
    bearer: Option<String>,
    /// Who sends what form.
    form: Option<(String, String)>,
    /// The forms that are sent in turn, instead of the one.
    in_turn: Option<PathBuf>,
    /// What the bare server does besides answering.
    bare: Bare,
    goal: (&'static str, f64),
}

impl Stage {
    pub(super) async fn oauth(&mut self) -> Outcome<()> {
        let ours = self.ours("cheapest").await?;
        say("tokens and what is asked about them");
        let machine = Relying::machine(ours.address, &self.api_key).await?;
        let shop = Relying::web(ours.address, &self.api_key, "ES256").await?;
        let (_, tokens) = shop.code_flow(self.tokens.iter().take(1)).await?;
        let answer = tokens.answers.first().ok_or("no tokens")?;
        let access = between(answer, "\"access_token\":\"", '"')?.to_owned();
        for asked in asked(&machine, &shop, &access) {
            self.beside_bare(&ours, &asked).await?;
        }
        let in_turn = Some(self.questions(&shop).await?);
        let what = "introspection, tokens of 2,000 people in turn";
        self.beside_bare(&ours, &Asked { in_turn, ..introspection(what, &shop, &access) }).await?;
        self.refresh(&ours, &shop).await?;
        self.code_flows(&ours, &shop, "code flow, two requests, ID token by ES256", true).await?;
        let default = Relying::web(ours.address, &self.api_key, "RS256").await?;
        self.code_flows(&ours, &default, "code flow, two requests, ID token by RS256 (3,072 bits)", false)
            .await?;
        ours.stop().await
    }

    /// The same request to ours and to the bare server.
    async fn beside_bare(&mut self, ours: &Server, asked: &Asked) -> Outcome<()> {
        let mut client = Client::connect(ours.address).await?;
        let raw = match &asked.form {
            Some((authorization, form)) => {
                let text = crate::client::form_text(ours.address, asked.path, authorization, form);
                client.send(&text).await?
            }
            None => client.get_raw(asked.path, asked.bearer.as_deref()).await?,
        };
        let response = self.script("asked-response", "")?;
        std::fs::write(&response, raw)?;
        let bare = Server::bare(&response, asked.bare).await?;
        let one = self.script("form.lua", include_str!("../scripts/form.lua"))?;
        let many = self.script("bodies.lua", include_str!("../scripts/bodies.lua"))?;
        let form = asked.form.clone().map(|(authorization, form)| match &asked.in_turn {
            None => (one, vec![authorization, form]),
            Some(bodies) => (many, vec![authorization, FORM.to_owned(), bodies.display().to_string()]),
        });
        let form = form.as_ref().map(|(script, arguments)| (script.as_path(), arguments.clone()));
        let bearer = asked.bearer.as_deref();
        let name = match asked.bare {
            Bare::Answers => format!("bare axum, the bytes of {}", asked.what),
            Bare::Signs => format!("bare axum, the bytes of {}, one signature", asked.what),
        };
        let (mut theirs, mut own) = (Vec::new(), Vec::new());
        for _ in 0..self.options.rounds {
            theirs.push(self.load(&bare, asked.path, bearer, form.clone(), &name).await?);
            own.push(self.load(ours, asked.path, bearer, form.clone(), asked.what).await?);
        }
        let (theirs, own) = (median(theirs).unwrap_or_default(), median(own).unwrap_or_default());
        let share = own.per_second / theirs.per_second;
        self.lines.extend([theirs, Line { ratio: Some(("bare", share)), ..own }]);
        let (wanted, goal) = asked.goal;
        self.goal(asked.what, wanted, format!("{share:.2}"), share >= goal);
        bare.stop().await
    }

    /// Families of tokens that replace themselves; each answer's token is used for one of the next requests.
    async fn refresh(&mut self, ours: &Server, shop: &Relying) -> Outcome<()> {
        say("refresh tokens");
        let script = self.script("refresh.lua", include_str!("../scripts/refresh.lua"))?;
        let mut lines = Vec::new();
        for _ in 0..self.options.rounds {
            let families = self.families(shop).await?;
            let arguments = vec![shop.basic.clone(), families.display().to_string()];
            let script = Some((script.as_path(), arguments));
            let what = "refresh, rotating, durable (SQLite, FULL)";
            lines.push(self.load(ours, "/oauth2/token", None, script, what).await?);
        }
        self.per_second("refresh, rotating, durable, 64 callers", "≥ 3,000/s", 3_000.0, lines);
        Ok(())
    }

    /// Questions about the access tokens of many people.
    async fn questions(&self, shop: &Relying) -> Outcome<PathBuf> {
        let (_, tokens) = shop.code_flow(self.tokens.iter().take(TOKENS)).await?;
        let of = |answer: &Vec<u8>| {
            between(answer, "\"access_token\":\"", '"').map(|token| format!("token={token}"))
        };
        let tokens = tokens.answers.iter().map(of).collect::<Outcome<Vec<_>>>()?;
        self.script("questions", &tokens.join("\n"))
    }

    async fn families(&self, shop: &Relying) -> Outcome<PathBuf> {
        let (_, tokens) = shop.code_flow(self.tokens.iter().cycle().take(FAMILIES)).await?;
        let of = |answer: &Vec<u8>| between(answer, "\"refresh_token\":\"", '"').map(str::to_owned);
        let tokens = tokens.answers.iter().map(of).collect::<Outcome<Vec<_>>>()?;
        self.script("refresh-tokens", &tokens.join("\n"))
    }

    /// The authorization in a browser that is signed in, and the code for tokens.
    async fn code_flows(&mut self, ours: &Server, shop: &Relying, what: &str, is_goal: bool) -> Outcome<()> {
        say("code flows");
        let count = usize::try_from(CODE_FLOWS * self.options.seconds)?;
        let mut lines = Vec::new();
        for _ in 0..self.options.rounds {
            storm::settle().await;
            let before = ours.cpu_seconds()?;
            let (codes, mut tokens) = shop.code_flow(self.tokens.iter().cycle().take(count)).await?;
            let cpu = ours.cpu_seconds()? - before;
            let took = codes.took + tokens.took;
            lines.push(line(what, &mut tokens, took, cpu, ours)?);
        }
        if is_goal {
            self.per_second("code flow without a hash, 64 callers", "≥ 1,000/s", 1_000.0, lines);
        } else {
            self.lines.extend(median(lines));
        }
        Ok(())
    }
}

fn document(what: &'static str, path: &'static str) -> Asked {
    Asked {
        what,
        path,
        bearer: None,
        form: None,
        in_turn: None,
        bare: Bare::Answers,
        goal: ("≥ 0.80 of bare", 0.8),
    }
}

fn introspection(what: &'static str, shop: &Relying, access: &str) -> Asked {
    Asked {
        form: Some((shop.basic.clone(), format!("token={access}"))),
        goal: ("≥ 0.60 of bare", 0.6),
        ..document(what, "/oauth2/introspect")
    }
}

fn asked(machine: &Relying, shop: &Relying, access: &str) -> [Asked; 5] {
    let credentials = "grant_type=client_credentials".to_owned();
    [
        Asked {
            form: Some((machine.basic.clone(), credentials)),
            bare: Bare::Signs,
            goal: ("≥ 0.60 of bare with a signature", 0.6),
            ..document("client credentials, ES256", "/oauth2/token")
        },
        introspection("introspection", shop, access),
        Asked {
            bearer: Some(access.to_owned()),
            goal: ("≥ 0.60 of bare", 0.6),
            ..document("userinfo", "/userinfo")
        },
        document("key set", "/.well-known/jwks.json"),
        document("discovery", "/.well-known/openid-configuration"),
    ]
}
