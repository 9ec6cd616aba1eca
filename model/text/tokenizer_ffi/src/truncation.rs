//! Cutting an encoding to a number of tokens, as Hugging Face's "longest first" does:
//! special tokens stay, texts lose tokens at their ends, the longer text first.
//!
//! The crate can only cut before it adds special tokens, by a limit that is part of
//! the tokenizer. Cutting afterwards gives the same tokens, since what is added does
//! not depend on the text, and tells how long the whole would have been.

use tokenizers::Encoding;

/// Indices of the tokens that stay, in order. Special tokens always do, even where
/// they alone are more than `max_tokens`.
pub fn kept_tokens(encoding: &Encoding, max_tokens: usize) -> Vec<usize> {
    let length = encoding.len();
    if length <= max_tokens {
        return (0..length).collect();
    }
    let special = encoding.get_special_tokens_mask();
    let sequences = encoding.get_sequence_ids();
    let sequence_of = |i: usize| if special[i] == 0 { sequences[i] } else { None };

    let mut lengths = [0, 0];
    let mut added = 0;
    for i in 0..length {
        match sequence_of(i) {
            Some(sequence) => lengths[sequence.min(1)] += 1,
            None => added += 1,
        }
    }
    let mut left = share(lengths, max_tokens.saturating_sub(added));
    let mut kept = Vec::with_capacity(max_tokens);
    for i in 0..length {
        if let Some(sequence) = sequence_of(i) {
            let left = &mut left[sequence.min(1)];
            if *left == 0 {
                continue;
            }
            *left -= 1;
        }
        kept.push(i);
    }
    kept
}

/// How many tokens each of two texts may keep out of `budget`. Where both have to
/// give, they end up equal, and an odd token goes to the longer one.
fn share(lengths: [usize; 2], budget: usize) -> [usize; 2] {
    if lengths[0] + lengths[1] <= budget {
        return lengths;
    }
    let (longer, shorter) = if lengths[0] > lengths[1] { (0, 1) } else { (1, 0) };
    let kept = lengths[shorter].min(budget / 2);
    let mut shares = [0, 0];
    shares[shorter] = kept;
    shares[longer] = budget - kept;
    shares
}
