//! IP addresses and their networks, as numbers of 32 or 128 bits.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Answer, Arguments, Wrong, wrong};
use crate::model::value::Value;

/// A network: its first address and the length of its prefix.
#[derive(Clone, Copy)]
struct Network {
    first: u128,
    prefix: u32,
    /// 32 or 128.
    bits: u32,
}

impl Network {
    fn read(text: &str, at: usize) -> Result<Self, Wrong> {
        let refused =
            || Wrong::Argument(at, format!("`{text}` is not a network in CIDR notation, as in `10.0.0.0/16`"));
        let (address, prefix) = text.split_once('/').ok_or_else(refused)?;
        let (address, bits) = number(address).ok_or_else(refused)?;
        let is_plain = prefix.len() <= 3 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| is_plain && *prefix <= bits).ok_or_else(refused)?;
        Ok(Self { first: address & mask(prefix, bits), prefix, bits })
    }

    /// How many addresses follow the first one.
    fn last_offset(self) -> u128 {
        !mask(self.prefix, self.bits) & mask(self.bits, self.bits)
    }

    fn write(self) -> String {
        format!("{}/{}", address(self.first, self.bits), self.prefix)
    }

    /// The subnet with this number among those whose prefix is longer by so many bits.
    fn subnet(self, new_bits: u32, number: u128) -> Option<Self> {
        let prefix = self.prefix.checked_add(new_bits).filter(|prefix| *prefix <= self.bits)?;
        let fits = new_bits >= 128 || number >> new_bits == 0;
        let offset = if prefix == 0 { 0 } else { number.checked_shl(self.bits - prefix).unwrap_or(0) };
        fits.then_some(Self { first: self.first | offset, prefix, bits: self.bits })
    }
}

fn number(text: &str) -> Option<(u128, u32)> {
    match text.parse().ok()? {
        IpAddr::V4(address) => Some((u128::from(address.to_bits()), 32)),
        IpAddr::V6(address) => Some((address.to_bits(), 128)),
    }
}

fn address(number: u128, bits: u32) -> IpAddr {
    match bits {
        32 => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX))),
        _ => IpAddr::V6(Ipv6Addr::from_bits(number)),
    }
}

/// The first `prefix` of `bits` bits set.
fn mask(prefix: u32, bits: u32) -> u128 {
    let all = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    all & !all.checked_shr(prefix).unwrap_or(0)
}

fn network(arguments: &Arguments<'_>, at: usize) -> Result<Network, Wrong> {
    Network::read(&arguments.text(at)?, at)
}

fn whole(arguments: &Arguments<'_>, at: usize) -> Result<i128, Wrong> {
    let number = arguments.number(at)?;
    number.to_string().parse().map_err(|_| Wrong::Argument(at, format!("this must be a whole number, not {number}")))
}

pub(super) fn cidrhost(arguments: &Arguments<'_>) -> Answer {
    let network = network(arguments, 0)?;
    let host = whole(arguments, 1)?;
    let last = network.last_offset();
    let offset = match u128::try_from(host) {
        Ok(offset) => Some(offset),
        Err(_) => last.checked_sub(host.unsigned_abs() - 1),
    };
    match offset.filter(|offset| *offset <= last) {
        Some(offset) => Ok(Value::String(address(network.first + offset, network.bits).to_string())),
        None => wrong(format!("{} has no host number {host}", network.write())),
    }
}

pub(super) fn cidrnetmask(arguments: &Arguments<'_>) -> Answer {
    let network = network(arguments, 0)?;
    match network.bits {
        32 => Ok(Value::String(address(mask(network.prefix, 32), 32).to_string())),
        _ => wrong("IPv6 networks have no netmask"),
    }
}

pub(super) fn cidrsubnet(arguments: &Arguments<'_>) -> Answer {
    let network = network(arguments, 0)?;
    let new_bits = u32::try_from(arguments.size(1)?).unwrap_or(u32::MAX);
    let number = whole(arguments, 2)?;
    let subnet = u128::try_from(number).ok().and_then(|number| network.subnet(new_bits, number));
    match subnet {
        Some(subnet) => Ok(Value::String(subnet.write())),
        None => wrong(format!("{} with {new_bits} more bits has no subnet number {number}", network.write())),
    }
}

pub(super) fn cidrsubnets(arguments: &Arguments<'_>) -> Answer {
    let network = network(arguments, 0)?;
    let mut subnets = Vec::new();
    let mut next = 0_u128;
    for at in 1..arguments.count() {
        let new_bits = u32::try_from(arguments.size(at)?).unwrap_or(u32::MAX);
        let prefix = network.prefix.saturating_add(new_bits);
        if prefix > network.bits {
            return Err(Wrong::Argument(at, format!("{} has no room for {new_bits} more bits", network.write())));
        }
        let size = 1_u128.checked_shl(network.bits - prefix);
        let aligned = size.map_or(next.min(1), |size| next.div_ceil(size).saturating_mul(size));
        let end = match size {
            Some(size) => aligned.checked_add(size - 1),
            None => (aligned == 0).then_some(u128::MAX),
        };
        let Some(end) = end.filter(|end| *end <= network.last_offset()) else {
            return Err(Wrong::Argument(at, format!("{} has no room left for this subnet", network.write())));
        };
        let subnet = Network { first: network.first | aligned, prefix, bits: network.bits };
        subnets.push(Value::String(subnet.write()));
        next = end.saturating_add(1);
    }
    Ok(Value::List(subnets))
}

pub(super) fn cidrcontains(arguments: &Arguments<'_>) -> Answer {
    let network = network(arguments, 0)?;
    let other = arguments.text(1)?;
    let (inner, bits) = match other.contains('/') {
        true => Network::read(&other, 1).map(|inner| (inner, inner.bits))?,
        false => {
            let (first, bits) = number(&other)
                .ok_or_else(|| Wrong::Argument(1, format!("`{other}` is not an address or a network")))?;
            (Network { first, prefix: bits, bits }, bits)
        }
    };
    if bits != network.bits {
        return wrong("one is IPv4 and the other IPv6");
    }
    let is_within = inner.prefix >= network.prefix && inner.first & mask(network.prefix, bits) == network.first;
    Ok(Value::Bool(is_within))
}
