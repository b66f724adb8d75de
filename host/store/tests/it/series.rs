//! What executions came to, step by step.

use execution::{InvocationType, Usage};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use store::{AppId, NewExecution, ScriptId, UsageQuery};

use crate::{
    runs::execution,
    world::{World, noon},
};

fn ran(app: AppId, at: Timestamp, outcome: &'static str, wall_us: u64) -> NewExecution {
    let usage = Usage { fuel_used: 1_000, memory_peak_bytes: wall_us * 2, wall_us, host_calls: 0 };
    NewExecution { outcome, usage, ..execution(app, ScriptId::new(at), at) }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn steps_have_what_ran_in_them_and_nothing_of_others(pool: PgPool) {
    let world = World::new(pool).await;
    let (app, other) = (world.opened("shop").await, world.opened("other").await);
    let after = |seconds| noon() + SignedDuration::from_secs(seconds);
    let mut rows: Vec<NewExecution> = (1..=1_000).map(|n| ran(app.app_id(), after(i64::try_from(n % 60).unwrap()), "ok", n * n)).collect();
    rows.push(ran(app.app_id(), after(60), "error", 500));
    rows.push(NewExecution { invocation_type: InvocationType::Queue, ..ran(app.app_id(), after(119), "deadline", 10_000_000) });
    rows.push(ran(app.app_id(), after(180), "cancelled", 0));
    // Before, after, and another app's.
    rows.extend([ran(app.app_id(), after(-1), "ok", 1), ran(app.app_id(), after(300), "ok", 1), ran(other.app_id(), after(1), "ok", 1)]);
    world.store.runs().append(&rows, &[]).await.unwrap();

    let points = app.usage(UsageQuery { from: noon(), to: after(300), step_seconds: 60 }).await.unwrap();
    let times: Vec<Timestamp> = points.iter().map(|point| point.at).collect();
    assert_eq!(times, [noon(), after(60), after(180)]);
    let [first, second, third] = &points[..] else { panic!("{points:?}") };
    assert_eq!((first.executions, first.requests, first.fuel_used, first.memory_peak_bytes), (1_000, 1_000, 1_000_000, 2_000_000));
    assert_eq!(first.outcomes.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect::<Vec<_>>(), [("ok", 1_000)]);
    for (found, exact) in first.wall_us.unwrap().into_iter().zip([500_u64 * 500, 950 * 950, 990 * 990]) {
        // Half a class: 2.5 %.
        assert!(found.abs_diff(exact) * 1_000 <= exact * 26, "{found} for {exact}");
    }
    assert_eq!((second.executions, second.requests, second.outcomes["error"], second.outcomes["deadline"]), (2, 1, 1, 1));
    let [half, most, nearly_all] = second.wall_us.unwrap();
    assert!((488..=513).contains(&half) && most == nearly_all && (9_750_000..=10_000_000).contains(&most), "{:?}", second.wall_us);
    assert_eq!((third.executions, third.wall_us), (1, None), "nobody knows how long what was cancelled ran");

    let hours = app.usage(UsageQuery { from: noon(), to: after(3_600), step_seconds: 3_600 }).await.unwrap();
    assert_eq!((hours.len(), hours[0].executions), (1, 1_004));
}
