//! Which addresses are public: samples of every special range with its edges, and public ones beside them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use graphbit_kernel::http::not_public;
use proptest::prelude::*;

/// Kind, first and last address of a range, and their public neighbours where there are any.
const RANGES: &[(&str, &str, &str)] = &[
    ("unspecified", "0.0.0.0", "0.255.255.255"),
    ("private", "10.0.0.0", "10.255.255.255"),
    ("cgnat", "100.64.0.0", "100.127.255.255"),
    ("loopback", "127.0.0.0", "127.255.255.255"),
    ("link_local", "169.254.0.0", "169.254.255.255"),
    ("private", "172.16.0.0", "172.31.255.255"),
    ("reserved", "192.0.0.0", "192.0.0.255"),
    ("documentation", "192.0.2.0", "192.0.2.255"),
    ("tunnelled", "192.88.99.0", "192.88.99.255"),
    ("private", "192.168.0.0", "192.168.255.255"),
    ("benchmark", "198.18.0.0", "198.19.255.255"),
    ("documentation", "198.51.100.0", "198.51.100.255"),
    ("documentation", "203.0.113.0", "203.0.113.255"),
    ("multicast", "224.0.0.0", "239.255.255.255"),
    ("reserved", "240.0.0.0", "255.255.255.255"),
    ("unspecified", "::", "::"),
    ("loopback", "::1", "::1"),
    ("mapped", "::2", "::ffff:ffff"),
    ("mapped", "::ffff:0:0", "::ffff:ffff:ffff"),
    ("mapped", "::ffff:0:0:0", "::ffff:0:ffff:ffff"),
    ("tunnelled", "64:ff9b::", "64:ff9b::ffff:ffff"),
    ("tunnelled", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    ("reserved", "100::", "100::ffff:ffff:ffff:ffff"),
    ("tunnelled", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("benchmark", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"),
    ("reserved", "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("reserved", "2001:20::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("documentation", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("tunnelled", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("documentation", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("reserved", "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("reserved", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("private", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("reserved", "fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("link_local", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("private", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("multicast", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
];

const SINGLE: &[(&str, &str)] = &[
    ("metadata", "169.254.169.254"),
    ("metadata", "169.254.170.2"),
    ("metadata", "169.254.170.23"),
    ("metadata", "100.100.100.200"),
    ("metadata", "168.63.129.16"),
    ("metadata", "192.0.0.192"),
    ("metadata", "fd00:ec2::254"),
    ("metadata", "fd00:ec2::23"),
    ("metadata", "fd20:ce::254"),
    ("mapped", "::ffff:127.0.0.1"),
    ("mapped", "::ffff:8.8.8.8"),
    ("mapped", "::ffff:169.254.169.254"),
    ("mapped", "::127.0.0.1"),
    ("tunnelled", "64:ff9b::10.0.0.1"),
    ("tunnelled", "64:ff9b::8.8.8.8"),
    ("tunnelled", "2002:7f00:1::"),
    ("tunnelled", "2002:a00:1::1"),
    ("tunnelled", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    ("tunnelled", "2606:4700::5efe:127.0.0.1"),
    ("tunnelled", "2606:4700::200:5efe:10.0.0.1"),
];

const PUBLIC: &[&str] = &[
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.9.9.9",
    "9.255.255.255",
    "11.0.0.0",
    "17.253.144.10",
    "20.205.243.166",
    "34.117.59.81",
    "52.94.236.248",
    "64.233.160.0",
    "91.198.174.192",
    "93.184.216.34",
    "99.255.255.255",
    "100.63.255.255",
    "100.128.0.0",
    "104.16.132.229",
    "126.255.255.255",
    "128.0.0.0",
    "140.82.112.3",
    "151.101.1.69",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "185.199.108.153",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.1.255",
    "192.0.3.0",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "192.175.48.1",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "208.67.222.222",
    "216.58.214.14",
    "223.255.255.255",
    "2000::1",
    "2001:200::",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2001:67c:2e8:22::c100:68b",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2003::1",
    "2400:cb00::1",
    "2600::1",
    "2606:4700:4700::1111",
    "2607:f8b0:4004:800::200e",
    "2620:4f:8000::1",
    "2620:fe::fe",
    "2800:3f0::1",
    "2a00:1450:4001:81b::200e",
    "2a03:2880:f12f:83:face:b00c:0:25de",
    "2c0f:fb50:4003::1",
    "3ffe::1",
    "3fff:1000::1",
];

fn address(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("{text} is no address"))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn like(sample: IpAddr, number: u128) -> IpAddr {
    match sample {
        IpAddr::V4(_) => Ipv4Addr::from(u32::try_from(number).unwrap()).into(),
        IpAddr::V6(_) => Ipv6Addr::from(number).into(),
    }
}

#[test]
fn every_special_range_is_known_from_its_first_to_its_last_address() {
    let mut tried = 0;
    for (kind, first, last) in RANGES {
        let (low, high) = (address(first), address(last));
        let (from, to) = (number(low), number(high));
        for share in 0..=16 {
            let sample = like(low, from + (to - from) / 16 * share);
            if not_public(sample) == Some("metadata") {
                continue;
            }
            assert_eq!(not_public(sample), Some(*kind), "{sample}");
            tried += 1;
        }
        assert_eq!(not_public(high), Some(*kind), "{last}");
    }
    assert!(tried > 600, "{tried}");
}

#[test]
fn metadata_services_mapped_and_tunnelled_addresses_have_names_of_their_own() {
    for (kind, text) in SINGLE {
        assert_eq!(not_public(address(text)), Some(*kind), "{text}");
    }
}

#[test]
fn public_addresses_are_let_through_up_to_the_edges_of_the_special_ranges() {
    for text in PUBLIC {
        assert_eq!(not_public(address(text)), None, "{text}");
    }
}

proptest! {
    /// Against what the standard library knows of its own.
    #[test]
    fn what_std_calls_special_is_never_public(bits in any::<u32>()) {
        let ip = Ipv4Addr::from(bits);
        let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
            || ip.is_broadcast() || ip.is_documentation() || ip.is_unspecified() || ip.octets()[0] == 0;
        prop_assert!(!special || not_public(ip.into()).is_some(), "{}", ip);
    }

    /// No way of carrying an IPv4 address in an IPv6 one leads around the guard.
    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_is_never_public(bits in any::<u32>(), low in any::<u64>()) {
        let [a, b, c, d] = bits.to_be_bytes();
        let (high, rest) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let [.., e, f, g, h] = low.to_be_bytes();
        let tail = (u16::from_be_bytes([e, f]), u16::from_be_bytes([g, h]));
        let forms = [
            Ipv4Addr::from(bits).to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, rest),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, rest),
            Ipv6Addr::new(0x2002, high, rest, 0, 0, 0, tail.0, tail.1),
            Ipv6Addr::new(0x2001, 0, tail.0, tail.1, 0, 0, !high, !rest),
            Ipv6Addr::new(0x2a00, tail.0, tail.1, 0, 0, 0x5efe, high, rest),
        ];
        for form in forms {
            prop_assert!(not_public(form.into()).is_some(), "{}", form);
        }
    }
}
