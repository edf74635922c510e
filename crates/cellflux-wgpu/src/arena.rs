//! Which values share which buffer: two may, when no step needs both.

/// What the arena needs to know about a value: its bytes, and the first and last step that touch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub bytes: u64,
    pub first: usize,
    pub last: usize,
}

impl Lifetime {
    fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// The buffers, and which value is in which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arena {
    /// Bytes of each buffer.
    pub buffers: Vec<u64>,
    /// The buffer of each value.
    pub buffer_of: Vec<usize>,
}

impl Arena {
    /// Places values, the largest first, each in the first buffer that is free for its whole lifetime.
    /// Buffers are whole `GPUBuffer`s, never ranges of one, because WebGPU forbids reading and writing one
    /// buffer in one dispatch.
    pub(crate) fn new(values: &[Lifetime]) -> Self {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|&value| (std::cmp::Reverse(values[value].bytes), values[value].first));
        let mut buffers: Vec<(u64, Vec<usize>)> = Vec::new();
        let mut buffer_of = vec![0; values.len()];
        for value in order {
            let free = |tenants: &[usize]| {
                tenants
                    .iter()
                    .all(|&tenant| !values[tenant].overlaps(&values[value]))
            };
            let place = buffers.iter().position(|(_, tenants)| free(tenants));
            let place = place.unwrap_or_else(|| {
                buffers.push((values[value].bytes, Vec::new()));
                buffers.len() - 1
            });
            buffers[place].1.push(value);
            buffer_of[value] = place;
        }
        Self {
            buffers: buffers.into_iter().map(|(bytes, _)| bytes).collect(),
            buffer_of,
        }
    }

    /// Bytes of all buffers.
    pub(crate) fn bytes(&self) -> u64 {
        self.buffers.iter().sum()
    }
}

/// The largest number of bytes of values that any one step needs at once: no arena can be smaller.
pub(crate) fn largest_live_set(values: &[Lifetime]) -> u64 {
    let steps = values.iter().map(|value| value.last + 1).max().unwrap_or(0);
    (0..steps)
        .map(|step| {
            let alive = values
                .iter()
                .filter(|value| value.first <= step && step <= value.last);
            alive.map(|value| value.bytes).sum()
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lifetimes() -> impl Strategy<Value = Vec<Lifetime>> {
        let one = (1_u64..1000, 0_usize..50, 0_usize..10).prop_map(|(bytes, first, length)| Lifetime {
            bytes,
            first,
            last: first + length,
        });
        prop::collection::vec(one, 1..40)
    }

    proptest! {
        #[test]
        fn no_two_living_values_share_a_buffer_and_all_fit(values in lifetimes()) {
            let arena = Arena::new(&values);
            for (a, value) in values.iter().enumerate() {
                prop_assert!(arena.buffers[arena.buffer_of[a]] >= value.bytes);
                for (b, other) in values.iter().enumerate().skip(a + 1) {
                    prop_assert!(arena.buffer_of[a] != arena.buffer_of[b] || !value.overlaps(other));
                }
            }
            prop_assert!(arena.bytes() >= largest_live_set(&values));
        }
    }

    #[test]
    fn a_chain_of_equal_values_needs_two_buffers() {
        let chain: Vec<_> = (0..10)
            .map(|i| Lifetime {
                bytes: 8,
                first: i,
                last: i + 1,
            })
            .collect();
        assert_eq!(Arena::new(&chain).buffers, [8, 8]);
    }
}
