//! The pages of real nodes, asked over HTTP without a socket.

mod browser;
mod doors;
mod live;
mod world;
