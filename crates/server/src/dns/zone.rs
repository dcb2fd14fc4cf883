//! Who is in charge of a name.

use std::net::{IpAddr, SocketAddr};

use avnology_model::Result;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::{
    ask::{Reply, Servers},
    cut_off,
    reach::Reach,
};

/// The deepest name that is asked for servers of its own, in labels.
const DEEPEST: usize = 10;
/// How many servers of a zone are looked up, and how many addresses are enough.
const HOSTS: usize = 6;
const ENOUGH: usize = 4;

/// Who is in charge.
pub(super) enum InCharge {
    /// Servers at these addresses.
    Servers(Vec<SocketAddr>),
    /// Nobody: there is no such zone.
    Nobody,
    /// That cannot be found out.
    Unknown(String),
}

/// The servers of the zone that holds `name`: those of the longest of its endings that has any. `_912` when the resolver
/// itself is out of reach.
pub(super) async fn servers(resolver: &Servers, name: &Name, reach: &Reach) -> Result<InCharge> {
    let mut zone = name.trim_to(DEEPEST);
    let mut trouble: Option<String> = None;
    while zone.num_labels() > 0 {
        match resolver.ask(&zone, RecordType::NS).await {
            Reply::Records(records) => {
                let hosts = hosts(&records, &zone);
                match trouble {
                    _ if hosts.is_empty() => {}
                    // Something below did not answer, and who runs the ending itself cannot speak for it.
                    Some(trouble) if zone.num_labels() == 1 => return Ok(InCharge::Unknown(trouble)),
                    _ => return Ok(addresses(resolver, &hosts, reach).await),
                }
            }
            Reply::Refused(why) => trouble = trouble.or(Some(why)),
            Reply::Silence(why) => {
                if trouble.is_none() && !resolver.answer(name).await {
                    return Err(cut_off(&why));
                }
                trouble = trouble.or(Some(why));
            }
        }
        zone = zone.base_name();
    }
    Ok(trouble.map_or(InCharge::Nobody, InCharge::Unknown))
}

/// The servers that a zone names.
fn hosts(records: &[Record], zone: &Name) -> Vec<Name> {
    let own = records.iter().filter(|record| record.name == *zone);
    let named = own.filter_map(|record| match &record.data {
        RData::NS(ns) => Some(ns.0.clone()),
        _ => None,
    });
    named.take(HOSTS).collect()
}

/// Where these servers are. Only public places are asked: anybody can name our neighbours as the servers of a domain.
async fn addresses(resolver: &Servers, hosts: &[Name], reach: &Reach) -> InCharge {
    let mut found: Vec<SocketAddr> = Vec::new();
    for host in hosts {
        let both = tokio::join!(resolver.ask(host, RecordType::A), resolver.ask(host, RecordType::AAAA));
        for reply in [both.0, both.1] {
            let Reply::Records(records) = reply else { continue };
            let addresses = records.iter().filter_map(|record| match &record.data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                _ => None,
            });
            found.extend(addresses.filter_map(|ip| reach.of(ip)));
        }
        if found.len() >= ENOUGH {
            break;
        }
    }
    if found.is_empty() {
        return InCharge::Unknown("its servers have no public address".to_owned());
    }
    found.dedup();
    found.truncate(2 * ENOUGH);
    InCharge::Servers(found)
}
