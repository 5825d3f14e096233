//! The demonstration: five nations' nodes as separate processes, and the story of a first
//! exchange between them.
//!
//! Nothing here is special to the demonstration: it runs this program's own commands and asks
//! the nodes over their own sockets as named persons, exactly as people would.

mod report;
#[expect(clippy::indexing_slicing, reason = "a JSON value indexed by a name gives null")]
mod story;
mod world;

use std::path::PathBuf;

use crate::output::Output;

pub use report::DemoReport;
use world::World;

/// Runs the demonstration; with `once` it ends when the story is told.
pub fn run(dir: Option<PathBuf>, once: bool, output: Output) -> anyhow::Result<DemoReport> {
    let started = crate::ambient::monotonic();
    let mut world = World::at(dir, output)?;
    let resumed = world.is_resumed();
    let mut report = DemoReport::default();
    let told = if resumed {
        story::resume(&mut world, &mut report)
    } else {
        story::tell(&mut world, &mut report)
    };
    // A story that broke off leaves nothing to look at, such as where these nodes run already.
    let broken = told.is_err();
    if let Err(error) = told {
        report.failures.push(format!("{error:#}"));
        world.say(&format!("FAILED: {error:#}"));
    }
    report.seconds = started.elapsed().as_secs_f64();
    report.ok = report.failures.is_empty();
    if report.ok {
        world.say(&format!("Everything held, in {:.1} s.", report.seconds));
    }
    if !once && !broken {
        story::invite(&world)?;
        world.wait()?;
    }
    Ok(report)
}
