//! Inputs near those of a corpus, the same ones for the same corpus.

/// What readers stumble over more often than over single bytes.
const WORDS: [&[u8]; 16] = [
    b"\0",
    b"\r\n",
    b"\"",
    b"\\u0000",
    b"-",
    b"0",
    b"99999999999999999999",
    b"nan",
    b"null",
    b"[]",
    b"{}",
    b"PT",
    "\u{202e}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{1f511}".as_bytes(),
    b"\xff\xfe",
];

pub(crate) struct Mutator<'a> {
    seeds: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutator<'a> {
    pub(crate) fn new(seeds: &'a [Vec<u8>]) -> Self {
        Self { seeds, state: 0x5717_1a7e }
    }

    /// A seed with one to four changes.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
        }
        input
    }

    fn seed(&mut self) -> &'a [u8] {
        let at = self.below(self.seeds.len());
        &self.seeds[at]
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (from, to) = self.range(input.len());
        match self.below(7) {
            0 => drop(input.drain(from..to)),
            1 => input.extend_from_within(from..to),
            2 => input.truncate(from),
            3 => drop(input.splice(from..from, WORDS[self.below(WORDS.len())].iter().copied())),
            4 => drop(input.splice(from..to, self.piece())),
            5 if from < input.len() => input[from] ^= 1 << self.below(8),
            _ if from < input.len() => input[from] = self.below(256) as u8,
            _ => {}
        }
    }

    /// A part of a seed.
    fn piece(&mut self) -> Vec<u8> {
        let seed = self.seed();
        let (from, to) = self.range(seed.len());
        seed[from..to].to_vec()
    }

    /// At most 16 bytes of so many.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        (from, length.min(from + self.below(17)))
    }

    /// SplitMix64: it needs to be neither secret nor even, only the same everywhere.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}
