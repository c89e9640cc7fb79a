//! How many processors and how much memory this process may use, as Linux tells it.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

/// What is assumed where the system does not tell: 4 GiB.
const UNKNOWN_MEMORY: u64 = 4 << 30;

/// The processors that this process may run on.
pub(super) fn threads() -> u32 {
    let count = thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Four fifths of the memory of the machine or of the control group, whichever is less; the rest is for everything that
/// nobody declares.
pub(super) fn memory() -> u64 {
    memory_under(Path::new("/"))
}

fn memory_under(root: &Path) -> u64 {
    let total = [machine_memory(root), group_memory(root)];
    let total = total.into_iter().flatten().min();
    total.unwrap_or(UNKNOWN_MEMORY) / 5 * 4
}

fn machine_memory(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The least limit of the control group of this process and those around it.
fn group_memory(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let groups = text.lines().filter_map(|line| {
        // `0::/path` for version 2, `4:memory:/path` for version 1.
        let (_, line) = line.split_once(':')?;
        match line.split_once(':')? {
            ("", path) => Some((root.join("sys/fs/cgroup"), path, "memory.max")),
            (controllers, path) if controllers.split(',').any(|each| each == "memory") => {
                let folder = root.join("sys/fs/cgroup/memory");
                Some((folder, path, "memory.limit_in_bytes"))
            }
            _ => None,
        }
    });
    groups
        .filter_map(|(folder, path, file)| least_limit(folder, path, file))
        .min()
}

/// A file that is not there, or says `max`, sets no limit. In a container the path may be that of the host; then only the
/// folder itself is there.
fn least_limit(mut folder: PathBuf, path: &str, file: &str) -> Option<u64> {
    let mut limits = vec![limit_in(&folder.join(file))];
    for part in path.split('/').filter(|part| !part.is_empty()) {
        folder.push(part);
        limits.push(limit_in(&folder.join(file)));
    }
    limits.into_iter().flatten().min()
}

fn limit_in(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn machine(files: &[(&str, &str)]) -> u64 {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        memory_under(root.path()) / 4 * 5
    }

    #[test]
    fn the_least_of_machine_and_control_groups_counts() {
        let meminfo = (
            "proc/meminfo",
            "MemTotal:       10485760 kB\nMemFree: 1 kB\n",
        );
        assert_eq!(machine(&[]), UNKNOWN_MEMORY / 5 * 4 / 4 * 5);
        assert_eq!(machine(&[meminfo]), 10 * GIB);
        let inner = ("proc/self/cgroup", "0::/user.slice/medley\n");
        assert_eq!(
            machine(&[
                meminfo,
                inner,
                ("sys/fs/cgroup/user.slice/memory.max", "5368709120\n"),
                ("sys/fs/cgroup/user.slice/medley/memory.max", "max\n"),
            ]),
            5 * GIB
        );
        assert_eq!(
            machine(&[
                meminfo,
                ("proc/self/cgroup", "5:cpu:/a\n4:memory,hugetlb:/docker/1\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2684354560\n"),
            ]),
            5 * GIB / 2
        );
        assert_eq!(machine(&[meminfo, inner]), 10 * GIB, "no limit is set");
    }

    #[test]
    fn this_machine_has_something_to_give() {
        assert!(threads() > 0 && memory() > 0);
    }
}
