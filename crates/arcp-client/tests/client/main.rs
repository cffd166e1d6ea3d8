//! The client against a scripted peer, over the memory pair and the open dialect's codec.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod closing;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod repeating;
#[cfg(test)]
mod resuming;
#[cfg(test)]
mod trying;
