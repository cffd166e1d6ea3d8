//! Signed JWTs: what is accepted, what is refused and why, and where keys come from.

#[cfg(test)]
mod algorithms;
#[cfg(test)]
mod building;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod file;
#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod server;
#[cfg(test)]
mod support;
#[cfg(test)]
mod url;
