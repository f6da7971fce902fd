//! Which addresses belong to the public internet, by the special-purpose registries of IANA.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Where cloud machines find their credentials. Some lie in ranges that are refused anyway; here they get
/// their own name, as no host name on an allow list opens them.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0023)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254)),
];

const V4: &[(Ipv4Net, &str)] = &[
    v4([0, 0, 0, 0], 8, "unspecified"),
    v4([10, 0, 0, 0], 8, "private"),
    v4([100, 64, 0, 0], 10, "cgnat"),
    v4([127, 0, 0, 0], 8, "loopback"),
    v4([169, 254, 0, 0], 16, "link_local"),
    v4([172, 16, 0, 0], 12, "private"),
    v4([192, 0, 0, 0], 24, "reserved"),
    v4([192, 0, 2, 0], 24, "documentation"),
    v4([192, 88, 99, 0], 24, "tunnelled"),
    v4([192, 168, 0, 0], 16, "private"),
    v4([198, 18, 0, 0], 15, "benchmark"),
    v4([198, 51, 100, 0], 24, "documentation"),
    v4([203, 0, 113, 0], 24, "documentation"),
    v4([224, 0, 0, 0], 4, "multicast"),
    v4([240, 0, 0, 0], 4, "reserved"),
];

/// The first match counts; what none matches is public inside 2000::/3 and reserved outside.
const V6: &[(Ipv6Net, &str)] = &[
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified"),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback"),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, "mapped"),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "mapped"),
    v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, "mapped"),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "tunnelled"),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "tunnelled"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "tunnelled"),
    v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "benchmark"),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "reserved"),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation"),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "tunnelled"),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation"),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "private"),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link_local"),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "private"),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast"),
];
const V6_GLOBAL: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

const fn v4(octets: [u8; 4], prefix: u8, kind: &'static str) -> (Ipv4Net, &'static str) {
    let [a, b, c, d] = octets;
    (Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix), kind)
}

const fn v6(segments: [u16; 8], prefix: u8, kind: &'static str) -> (Ipv6Net, &'static str) {
    let [a, b, c, d, e, f, g, h] = segments;
    (Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix), kind)
}

/// What kind of address it is if it is not a public one: `private`, `loopback`, `link_local`, `cgnat`,
/// `multicast`, `unspecified`, `documentation`, `benchmark`, `metadata`, `mapped`, `tunnelled` or `reserved`.
pub fn not_public(address: IpAddr) -> Option<&'static str> {
    if METADATA.contains(&address) {
        return Some("metadata");
    }
    match address {
        IpAddr::V4(address) => V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, kind)| *kind),
        IpAddr::V6(address) => not_public_v6(address),
    }
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some((_, kind)) = V6.iter().find(|(net, _)| net.contains(&address)) {
        return Some(kind);
    }
    let segments = address.segments();
    // ISATAP: an IPv4 address in the lower half of any prefix.
    let isatap = segments[4] & !0x0200 == 0 && segments[5] == 0x5efe;
    match V6_GLOBAL.contains(&address) {
        true if isatap => Some("tunnelled"),
        true => None,
        false => Some("reserved"),
    }
}
