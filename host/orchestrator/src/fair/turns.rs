//! Turns of the processor: as many executions run at once as there are cores to run them, and the others wait in the lines of their apps.
//!
//! A guest gives its thread back after each turn (fuel decides when), and whenever it waits for something. Without this the runtime would poll all
//! that can run one after the other, whosever they are: an app with fifty executions would have fifty times the processor of one that has one, and
//! each of its own would wait for all fifty.
//!
//! A turn is taken by whoever is polled and finds one free, so an execution that never waits pays for two locks and a clock. One that was woken
//! for a turn and has not begun it makes way for an app that has used less: what waits for the network card is not made to wait for a queue.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Instant,
};

use super::{Share, lines::Lines};

/// The processor of one node.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    state: Arc<Mutex<State>>,
    /// What turns are measured by, in nanoseconds.
    clock: fn() -> u64,
}

#[derive(Debug)]
struct State {
    /// Turns that nobody has.
    free: usize,
    /// What the app had used whose execution began the last turn: where those begin that had none.
    floor_ns: u64,
    lines: Lines<Number>,
    /// Those who were given a turn and have not begun it.
    given: Vec<Number>,
    runners: slab::Slab<Runner>,
}

type Number = usize;

/// An execution.
#[derive(Debug)]
struct Runner {
    share: Share,
    stage: Stage,
    /// Polls it; `None` before its first poll.
    task: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It waits for something else.
    Waiting,
    /// It waits for a turn.
    InLine,
    /// It has one, and is about to be polled.
    Given,
    /// It is polled. `again`: it can go on at once when its turn is over.
    Running { again: bool },
}

impl Turns {
    /// `cores`: how many can run at once.
    pub(crate) fn new(cores: usize) -> Self {
        Self::measured_by(cores, now_ns)
    }

    fn measured_by(cores: usize, clock: fn() -> u64) -> Self {
        let (lines, given, runners) = (Lines::default(), Vec::new(), slab::Slab::new());
        Self { state: Arc::new(Mutex::new(State { free: cores.max(1), floor_ns: 0, lines, given, runners })), clock }
    }

    /// Runs a future in turns, on account of this app.
    pub(crate) fn run<F: Future + Unpin>(&self, share: &Share, future: F) -> InTurns<F> {
        InTurns { turns: self.clone(), share: share.clone(), future, wake: None }
    }

    /// It is polled for the first time. Its number, and whether it has a turn, which begins with that.
    fn enter(&self, share: &Share, task: &Waker) -> (Number, bool) {
        let mut state = self.state();
        let number = state.runners.insert(Runner { share: share.clone(), stage: Stage::Waiting, task: None });
        state.want(number);
        let has_turn = state.begin(number);
        if !has_turn {
            state.runners[number].task = Some(task.clone());
        }
        (number, has_turn)
    }

    /// It is polled again, by this task. Whether it has a turn.
    fn begin(&self, number: Number, task: &Waker) -> bool {
        let mut state = self.state();
        let has_turn = state.begin(number);
        let before = if has_turn { None } else { state.remember(number, task) };
        // Whatever goes with the last of a task's wakers may end a turn itself: not under the lock.
        drop(state);
        drop(before);
        has_turn
    }

    /// Its turn is over, and it is not.
    fn pause(&self, number: Number, used_ns: u64, task: &Waker) {
        let mut state = self.state();
        let before = state.remember(number, task);
        let Runner { share, stage, .. } = &mut state.runners[number];
        share.charge(used_ns);
        let goes_on = *stage == Stage::Running { again: true };
        if goes_on {
            *stage = Stage::InLine;
            let share = share.clone();
            state.lines.push(&share, number);
        } else {
            *stage = Stage::Waiting;
            share.leave();
        }
        let next = state.hand_on();
        drop(state);
        drop(before);
        let wake = if goes_on { wake_behind_the_network } else { Waker::wake_by_ref };
        next.as_ref().inspect(|task| wake(task));
    }

    /// It is over, or given up: its turn, if it has one, is somebody else's.
    fn leave(&self, Woken { number, is_over, .. }: &Woken, used_ns: u64) {
        let mut state = self.state();
        is_over.store(true, Ordering::Relaxed);
        let Runner { share, stage, task } = state.runners.remove(*number);
        share.charge(used_ns);
        if stage != Stage::Waiting {
            share.leave();
        }
        let next = match stage {
            Stage::Waiting => None,
            Stage::InLine => {
                state.lines.remove(&share, number);
                None
            }
            Stage::Given => {
                state.given.retain(|other| other != number);
                state.hand_on()
            }
            Stage::Running { .. } => state.hand_on(),
        };
        drop(state);
        drop(task);
        next.inspect(Waker::wake_by_ref);
    }

    /// Executions that could run and wait for a turn.
    pub(crate) fn waiting(&self) -> usize {
        self.state().lines.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// It wants to run: now if it can, else in its line.
    fn want(&mut self, number: Number) {
        self.runners[number].share.enter(self.floor_ns);
        self.give_or_line_up(number);
    }

    fn give_or_line_up(&mut self, number: Number) {
        if self.free > 0 {
            self.free -= 1;
            self.give(number);
            return;
        }
        let used_ns = self.runners[number].share.used_ns();
        // Of those who have not begun, the one whose app has used most, if it has used more.
        let most = (0..self.given.len()).max_by_key(|at| self.runners[self.given[*at]].share.used_ns());
        if let Some(at) = most.filter(|at| self.runners[self.given[*at]].share.used_ns() > used_ns) {
            let other = self.given.swap_remove(at);
            let Runner { share, stage, .. } = &mut self.runners[other];
            *stage = Stage::InLine;
            self.lines.push_front(&share.clone(), other);
            self.give(number);
            return;
        }
        let Runner { share, stage, .. } = &mut self.runners[number];
        *stage = Stage::InLine;
        self.lines.push(&share.clone(), number);
    }

    fn give(&mut self, number: Number) {
        self.runners[number].stage = Stage::Given;
        self.given.push(number);
    }

    /// A turn is over: the task of whoever is next, if anybody is.
    fn hand_on(&mut self) -> Option<Waker> {
        let Some(next) = self.lines.pop() else {
            self.free += 1;
            return None;
        };
        self.give(next);
        self.task_if_given(next)
    }

    /// Begins the turn that it was given. Whether it was.
    fn begin(&mut self, number: Number) -> bool {
        let runner = &mut self.runners[number];
        if runner.stage != Stage::Given {
            return false;
        }
        runner.stage = Stage::Running { again: false };
        self.floor_ns = self.floor_ns.max(runner.share.used_ns());
        self.given.retain(|other| *other != number);
        true
    }

    /// Whom to wake when it has a turn. Returns whom it was before.
    fn remember(&mut self, number: Number, task: &Waker) -> Option<Waker> {
        let known = &mut self.runners[number].task;
        let is_known = known.as_ref().is_some_and(|known| known.will_wake(task));
        if is_known { None } else { known.replace(task.clone()) }
    }

    fn task_if_given(&self, number: Number) -> Option<Waker> {
        let Runner { stage, task, .. } = &self.runners[number];
        task.as_ref().filter(|_| *stage == Stage::Given).cloned()
    }
}

/// A future that is polled in its turns.
pub(crate) struct InTurns<F> {
    turns: Turns,
    share: Share,
    future: F,
    /// There from its first poll until it is over.
    wake: Option<Arc<Woken>>,
}

/// What wakes it: it lines up, and its task is woken when it has a turn.
struct Woken {
    turns: Turns,
    number: Number,
    /// Its number may be somebody else's now. Written and read under the lock.
    is_over: AtomicBool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.turns.state();
        if self.is_over.load(Ordering::Relaxed) {
            return;
        }
        match &mut state.runners[self.number].stage {
            Stage::Running { again } => *again = true,
            Stage::InLine | Stage::Given => {}
            Stage::Waiting => {
                state.want(self.number);
                let task = state.task_if_given(self.number);
                drop(state);
                task.inspect(Waker::wake_by_ref);
            }
        }
    }
}

impl<F: Future + Unpin> InTurns<F> {
    /// Whether it has a turn, and what wakes it.
    fn begin(&mut self, task: &Waker) -> (bool, Arc<Woken>) {
        if let Some(wake) = &self.wake {
            return (self.turns.begin(wake.number, task), Arc::clone(wake));
        }
        let (number, has_turn) = self.turns.enter(&self.share, task);
        let wake = Arc::new(Woken { turns: self.turns.clone(), number, is_over: AtomicBool::new(false) });
        self.wake = Some(Arc::clone(&wake));
        (has_turn, wake)
    }
}

impl<F: Future + Unpin> Future for InTurns<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let (has_turn, wake) = this.begin(context.waker());
        if !has_turn {
            return Poll::Pending;
        }
        let (number, waker, clock) = (wake.number, Waker::from(wake), this.turns.clock);
        let began_ns = clock();
        let polled = Pin::new(&mut this.future).poll(&mut Context::from_waker(&waker));
        let used_ns = clock().saturating_sub(began_ns);
        match polled {
            Poll::Pending => this.turns.pause(number, used_ns, context.waker()),
            Poll::Ready(_) => this.wake.take().iter().for_each(|wake| this.turns.leave(wake, used_ns)),
        }
        polled
    }
}

impl<F> Drop for InTurns<F> {
    fn drop(&mut self) {
        // One that is polled now panics.
        if let Some(wake) = self.wake.take() {
            self.turns.leave(&wake, 0);
        }
    }
}

/// Since the first time that somebody asked.
fn now_ns() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGAN.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Wakes it when the thread has looked at the network: among executions that never wait for anything nobody would.
fn wake_behind_the_network(task: &Waker) {
    // What the runtime offers for this is a future that wakes whoever polls it once.
    let _is_pending = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(task));
}

#[cfg(test)]
mod tests;
