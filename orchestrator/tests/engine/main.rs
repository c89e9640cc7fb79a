//! What the engine promises, shown twice: with tools in this process, and in worker processes that get serialised calls.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set up has failed"
)]

#[path = "../support/tools.rs"]
mod tools;
#[path = "../support/workers.rs"]
mod workers;

mod dataflow;
mod failure;
mod house;
mod injection;
mod records;
mod refining;
mod streaming;

/// A test for each name, in both ways.
macro_rules! both_ways {
    ($($module:ident :: $name:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::$module::$name(crate::house::Way::InProcess).await;
            })*
        }
        mod over_processes {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::$module::$name(crate::house::Way::Processes).await;
            })*
        }
    };
}

both_ways! {
    dataflow::values_and_files_flow_between_steps,
    dataflow::independent_steps_are_in_flight_together,
    dataflow::a_step_goes_over_a_list_of_files,
    failure::each_failure_is_its_step_s_alone,
    failure::what_fails_for_now_is_tried_again,
    failure::a_cancelled_run_ends_whatever_its_tools_do,
    failure::what_was_given_too_little_time_fails,
    injection::what_was_read_picks_no_tool,
    injection::what_was_read_raises_no_permission,
    injection::what_was_chosen_from_the_request_may_be_called_later,
    injection::without_foreign_text_anything_may_follow,
    injection::a_step_is_tainted_however_far_it_is_from_the_file,
    records::known_results_are_used_again_after_a_restart,
    records::when_a_step_gives_the_same_again_nothing_below_it_runs,
    records::a_run_that_was_dropped_goes_on_without_repeating_what_was_finished,
    records::a_damaged_file_is_made_again,
    records::a_question_suspends_the_run_and_its_answer_goes_on_with_it,
    refining::an_answer_of_a_model_is_kept_while_the_results_are_the_same,
    refining::an_answer_without_a_model_is_made_anew,
    streaming::a_step_runs_while_the_next_is_still_being_decided,
    streaming::what_was_handed_over_is_not_done_again_when_the_decision_was_cut,
    streaming::what_the_planner_did_before_it_failed_counts,
    streaming::a_defect_leaves_the_sound_steps_and_is_reported,
}
