//! A small C ABI over the `tokenizers` crate; tokenizer_ffi.h is its other side and
//! says what each function does.
//!
//! Nothing unwinds into C: a panic becomes an error with its message.

mod truncation;

use std::any::Any;
use std::ffi::{c_char, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice;
use std::str;
use std::sync::Once;

use tokenizers::{Encoding, PostProcessor};

/// A tokenizer without truncation and padding, whatever its file says.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    lower_case: bool,
}

/// Bytes of C++ that need not end in NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    begin: *const u8,
    length: usize,
}

impl Text {
    unsafe fn as_bytes<'a>(self) -> &'a [u8] {
        if self.length == 0 {
            return &[];
        }
        slice::from_raw_parts(self.begin, self.length)
    }
}

/// An encoding whose arrays C++ can read.
pub struct Tokens {
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    offsets: Vec<[u64; 2]>,
    texts: Vec<String>,
    untruncated_length: usize,
}

#[repr(C)]
pub struct TokensView {
    length: usize,
    untruncated_length: usize,
    ids: *const u32,
    type_ids: *const u32,
    offsets: *const [u64; 2],
}

#[repr(C)]
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok = 0,
    TextNotUtf8 = 1,
    PairNotUtf8 = 2,
    Failed = 3,
}

type Failure = (Outcome, String);

fn failed(error: impl ToString) -> Failure {
    (Outcome::Failed, error.to_string())
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    if let Some(message) = payload.downcast_ref::<&str>() {
        message
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message
    } else {
        "panic"
    }
}

/// Runs `body`; on failure leaves its message in `error`, which the caller frees.
unsafe fn guarded(
    error: *mut *mut c_char,
    body: impl FnOnce() -> Result<(), Failure>,
) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(failed(panic_message(payload.as_ref()))));
    match result {
        Ok(()) => Outcome::Ok,
        Err((outcome, message)) => {
            let text = CString::new(message.replace('\0', " ")).unwrap_or_default();
            *error = text.into_raw();
            outcome
        }
    }
}

/// The default hook would print messages, and with them pieces of texts.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

impl Tokenizer {
    fn parse(json: &[u8], lower_case: bool) -> Result<Self, Failure> {
        let mut inner = tokenizers::Tokenizer::from_bytes(json).map_err(failed)?;
        inner.with_truncation(None).map_err(failed)?;
        inner.with_padding(None);
        Ok(Tokenizer { inner, lower_case })
    }

    fn takes_pairs(&self) -> bool {
        match self.inner.get_post_processor() {
            Some(processor) => processor.added_tokens(true) > processor.added_tokens(false),
            None => false,
        }
    }

    fn prepare(&self, text: &str) -> String {
        if self.lower_case {
            text.to_lowercase()
        } else {
            text.to_owned()
        }
    }

    fn encode(
        &self,
        text: &str,
        pair: Option<&str>,
        max_tokens: usize,
        with_details: bool,
    ) -> Result<Tokens, Failure> {
        let input: tokenizers::EncodeInput = match pair {
            Some(pair) => (self.prepare(text), self.prepare(pair)).into(),
            None => self.prepare(text).into(),
        };
        let encoding = if with_details {
            self.inner.encode_char_offsets(input, true)
        } else {
            self.inner.encode_fast(input, true)
        };
        Ok(Tokens::new(&encoding.map_err(failed)?, max_tokens, with_details))
    }
}

impl Tokens {
    fn new(encoding: &Encoding, max_tokens: usize, with_details: bool) -> Self {
        let kept = truncation::kept_tokens(encoding, max_tokens);
        let pick = |values: &[u32]| kept.iter().map(|&i| values[i]).collect();
        let mut tokens = Tokens {
            ids: pick(encoding.get_ids()),
            type_ids: pick(encoding.get_type_ids()),
            offsets: Vec::new(),
            texts: Vec::new(),
            untruncated_length: encoding.len(),
        };
        if with_details {
            let offset = |i: usize| {
                let (begin, end) = encoding.get_offsets()[i];
                [begin as u64, end as u64]
            };
            tokens.offsets = kept.iter().map(|&i| offset(i)).collect();
            let texts = encoding.get_tokens();
            tokens.texts = kept.iter().map(|&i| texts[i].clone()).collect();
        }
        tokens
    }
}

/// # Safety
/// `json` must be readable, `tokenizer` and `error` writable.
#[no_mangle]
pub unsafe extern "C" fn transformerd_tokenizer_create(
    json: Text,
    lower_case: bool,
    tokenizer: *mut *mut Tokenizer,
    error: *mut *mut c_char,
) -> Outcome {
    silence_panics();
    guarded(error, || {
        let parsed = Tokenizer::parse(json.as_bytes(), lower_case)?;
        *tokenizer = Box::into_raw(Box::new(parsed));
        Ok(())
    })
}

/// # Safety
/// `tokenizer` must come from create and not be used afterwards.
#[no_mangle]
pub unsafe extern "C" fn transformerd_tokenizer_free(tokenizer: *mut Tokenizer) {
    if !tokenizer.is_null() {
        drop(Box::from_raw(tokenizer));
    }
}

/// # Safety
/// `tokenizer` must come from create.
#[no_mangle]
pub unsafe extern "C" fn transformerd_tokenizer_takes_pairs(tokenizer: *const Tokenizer) -> bool {
    catch_unwind(AssertUnwindSafe(|| (*tokenizer).takes_pairs())).unwrap_or(false)
}

/// # Safety
/// `tokenizer` must come from create, the texts must be readable (`pair` may be
/// null), `tokens` and `error` writable.
#[no_mangle]
pub unsafe extern "C" fn transformerd_tokenizer_encode(
    tokenizer: *const Tokenizer,
    text: Text,
    pair: *const Text,
    max_tokens: usize,
    with_details: bool,
    tokens: *mut *mut Tokens,
    error: *mut *mut c_char,
) -> Outcome {
    guarded(error, || {
        let text = str::from_utf8(text.as_bytes())
            .map_err(|error| (Outcome::TextNotUtf8, error.to_string()))?;
        let pair = match pair.as_ref() {
            None => None,
            Some(pair) => Some(
                str::from_utf8(pair.as_bytes())
                    .map_err(|error| (Outcome::PairNotUtf8, error.to_string()))?,
            ),
        };
        let encoded = (*tokenizer).encode(text, pair, max_tokens, with_details)?;
        *tokens = Box::into_raw(Box::new(encoded));
        Ok(())
    })
}

/// # Safety
/// `tokens` must come from encode.
#[no_mangle]
pub unsafe extern "C" fn transformerd_tokens_view(tokens: *const Tokens) -> TokensView {
    let tokens = &*tokens;
    TokensView {
        length: tokens.ids.len(),
        untruncated_length: tokens.untruncated_length,
        ids: tokens.ids.as_ptr(),
        type_ids: tokens.type_ids.as_ptr(),
        offsets: tokens.offsets.as_ptr(),
    }
}

/// # Safety
/// `tokens` must come from encode with details, and `index` lie within its length.
#[no_mangle]
pub unsafe extern "C" fn transformerd_tokens_text(tokens: *const Tokens, index: usize) -> Text {
    let tokens = &*tokens;
    match tokens.texts.get(index) {
        Some(text) => Text { begin: text.as_ptr(), length: text.len() },
        None => Text { begin: std::ptr::null(), length: 0 },
    }
}

/// # Safety
/// `tokens` must come from encode and not be used afterwards.
#[no_mangle]
pub unsafe extern "C" fn transformerd_tokens_free(tokens: *mut Tokens) {
    if !tokens.is_null() {
        drop(Box::from_raw(tokens));
    }
}

/// # Safety
/// `error` must come from a function of this crate and not be used afterwards.
#[no_mangle]
pub unsafe extern "C" fn transformerd_tokenizer_free_error(error: *mut c_char) {
    if !error.is_null() {
        drop(CString::from_raw(error));
    }
}
