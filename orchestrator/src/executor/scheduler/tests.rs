//! Which commands follow which signals.

use super::*;

/// A scheduler with a node for each list of dependencies, and its first commands.
fn scheduler(dependencies: &[&[usize]], limit: usize) -> (Scheduler, Vec<Command>) {
    let mut scheduler = Scheduler::new(limit, 2);
    let batch = dependencies.iter().map(|waits| (waits.to_vec(), 1));
    let commands = scheduler.add(batch.collect());
    (scheduler, commands)
}

#[test]
fn a_node_starts_the_moment_its_inputs_are_there() {
    // 0 → 2, 1 → 3, {2, 3} → 4
    let (mut scheduler, commands) = scheduler(&[&[], &[], &[0], &[1], &[2, 3]], usize::MAX);
    assert_eq!(commands, [Command::Start(0), Command::Start(1)]);
    assert_eq!(
        scheduler.finished(0, true),
        [Command::Start(2)],
        "2 does not wait for 1"
    );
    assert_eq!(scheduler.finished(2, true), []);
    assert_eq!(scheduler.finished(1, true), [Command::Start(3)]);
    assert_eq!(scheduler.finished(3, true), [Command::Start(4)]);
}

#[test]
fn a_failure_skips_its_dependents_and_nothing_else() {
    let (mut scheduler, _) = scheduler(&[&[], &[], &[0], &[2], &[1]], usize::MAX);
    let skip = |node, because| Command::Skip { node, because };
    assert_eq!(scheduler.finished(0, false), [skip(2, 0), skip(3, 2)]);
    assert_eq!(scheduler.finished(1, true), [Command::Start(4)]);
    assert_eq!(
        scheduler.add(vec![(vec![3], 1)]),
        [skip(5, 3)],
        "a node that comes later fares no better"
    );
}

#[test]
fn the_longest_remaining_path_goes_first_under_a_limit() {
    // 0 alone; 1 → 2 → 3.
    let (mut chain, commands) = scheduler(&[&[], &[], &[1], &[2]], 1);
    assert_eq!(commands, [Command::Start(1)]);
    assert_eq!(chain.finished(1, true), [Command::Start(2)]);
    assert_eq!(chain.finished(2, true), [Command::Start(0)]);

    // 0 alone is expected to take longer than the chain of 1 and 2.
    let mut weighted = Scheduler::new(1, 1);
    let commands = weighted.add(vec![(vec![], 100), (vec![], 1), (vec![1], 1)]);
    assert_eq!(commands, [Command::Start(0)]);
}

#[test]
fn nodes_may_wait_for_later_ones_of_their_batch_and_lengthen_older_paths() {
    let (mut scheduler, commands) = scheduler(&[&[1], &[]], 1);
    assert_eq!(commands, [Command::Start(1)]);
    scheduler.add(vec![(vec![1], 1), (vec![2], 5), (vec![0], 1)]);
    // 2 → 3 is longer than 0 → 4.
    assert_eq!(scheduler.finished(1, true), [Command::Start(2)]);
}

#[test]
fn a_node_that_is_ready_goes_sooner_when_its_path_grows() {
    let (mut scheduler, commands) = scheduler(&[&[], &[], &[]], 1);
    assert_eq!(commands, [Command::Start(0)]);
    // 1 and 2 are ready; a long path comes to hang on 2.
    assert_eq!(scheduler.add(vec![(vec![2], 9)]), []);
    assert_eq!(scheduler.finished(0, true), [Command::Start(2)]);
    assert_eq!(scheduler.finished(2, true), [Command::Start(3)]);
    assert_eq!(scheduler.finished(3, true), [Command::Start(1)], "once");
    assert_eq!(scheduler.finished(1, true), []);
}

#[test]
fn items_start_as_many_at_a_time_as_may_and_are_collected_in_the_end() {
    let (mut scheduler, _) = scheduler(&[&[], &[0]], usize::MAX);
    let item = |node, item| Command::StartItem {
        node,
        parent: 0,
        item,
    };
    assert_eq!(scheduler.expanded(0, 3), [item(2, 0), item(3, 1)]);
    assert_eq!(scheduler.finished(3, true), [item(4, 2)]);
    assert_eq!(scheduler.finished(2, false), []);
    assert_eq!(scheduler.finished(4, true), [Command::Collect(0)]);
    assert_eq!(scheduler.finished(0, true), [Command::Start(1)]);
}

#[test]
fn an_empty_list_is_collected_at_once() {
    let (mut scheduler, _) = scheduler(&[&[], &[0]], usize::MAX);
    assert_eq!(scheduler.expanded(0, 0), [Command::Collect(0)]);
    assert_eq!(scheduler.finished(0, true), [Command::Start(1)]);
}

#[test]
fn a_suspended_node_gives_its_place_away() {
    let (mut scheduler, commands) = scheduler(&[&[], &[]], 1);
    assert_eq!(commands, [Command::Start(0)]);
    assert_eq!(scheduler.suspended(0), [Command::Start(1)]);
    assert_eq!(scheduler.finished(1, true), []);
    assert_eq!(scheduler.resumed(0), [Command::Start(0)]);
}

#[test]
fn after_a_cancel_nothing_starts() {
    let (mut plain, commands) = scheduler(&[&[], &[0], &[]], 1);
    assert_eq!(commands, [Command::Start(0)]);
    assert_eq!(plain.cancel(), [Command::Cancel(1), Command::Cancel(2)]);
    assert_eq!(plain.finished(0, true), []);
    assert_eq!(plain.add(vec![(vec![], 1)]), [Command::Cancel(3)]);
}

#[test]
fn a_cancel_collects_what_its_items_gave() {
    let (mut expanded, _) = scheduler(&[&[]], usize::MAX);
    expanded.expanded(0, 5);
    assert_eq!(expanded.cancel(), []);
    assert_eq!(expanded.finished(1, true), []);
    assert_eq!(expanded.finished(2, true), [Command::Collect(0)]);
}
