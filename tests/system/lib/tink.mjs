// A reader of Tink's AES256_GCM_HKDF_1MB streaming AEAD, from its public
// description alone (developers.google.com/tink/streaming-aead/
// aes_gcm_hkdf_streaming), on Node's crypto: it shares no code with the
// program, so that what the program seals is known to be the format.
import { createDecipheriv, hkdfSync } from 'node:crypto';

export const KEY = 32;
export const HEADER = 1 + KEY + 7;
export const TAG = 16;
export const SEGMENT = 1 << 20;

/** One segment: its ciphertext and tag, its number, and whether it is the last. */
function openSegment(streamKey, prefix, number, last, sealed) {
  if (sealed.length < TAG) throw new Error(`segment ${number} is cut off`);
  const nonce = Buffer.alloc(12);
  prefix.copy(nonce);
  nonce.writeUInt32BE(number, 7);
  nonce[11] = last ? 1 : 0;
  const gcm = createDecipheriv('aes-256-gcm', streamKey, nonce, { authTagLength: TAG });
  gcm.setAuthTag(sealed.subarray(sealed.length - TAG));
  return Buffer.concat([gcm.update(sealed.subarray(0, sealed.length - TAG)), gcm.final()]);
}

/**
 * The plaintext of a whole stream; throws when any of it is not as sealed.
 * `key` is 32 bytes, `ad` a string or bytes, `bytes` header and segments.
 */
export function decryptTinkStream(key, ad, bytes) {
  if (key.length !== KEY) throw new Error('a key is 32 bytes');
  if (bytes.length < HEADER + TAG || bytes[0] !== HEADER) throw new Error('no header');
  const salt = bytes.subarray(1, 1 + KEY);
  const prefix = bytes.subarray(1 + KEY, HEADER);
  const streamKey = Buffer.from(hkdfSync('sha256', key, salt, ad, KEY));
  const plain = [];
  // The header counts as part of segment 0, so segment i starts at i MiB.
  for (let number = 0, from = HEADER; ; number++) {
    const to = Math.min((number + 1) * SEGMENT, bytes.length);
    const last = to === bytes.length;
    plain.push(openSegment(streamKey, prefix, number, last, bytes.subarray(from, to)));
    if (last) return Buffer.concat(plain);
    from = to;
  }
}
