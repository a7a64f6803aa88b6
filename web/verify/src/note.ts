// C2SP signed-note, tlog-checkpoint and tlog-proof texts, as src/ledger/note.c
// reads them.
//
//   signed note       text, each line ending in LF
//                     <empty line>
//                     U+2014 SP key name SP base64(key id, signature) LF
//   checkpoint text   origin, size, base64 of the root, extension lines
//   tlog-proof        c2sp.org/tlog-proof@v1, [extra ...], index N, hashes of
//                     the path from the leaf's sibling up, <empty line>, note
//
// The last empty line parts text and signatures.
import { base64, equal, fromBase64, fromUtf8, hex, utf8, wholeNumber } from './bytes.ts';
import { signatureOk } from './ed25519.ts';
import { Lie } from './finding.ts';
import { sha256Of } from './hashing.ts';
import { HASH_LEN, PATH_HASHES_MAX, emptyRoot, includes, leafHash } from './merkle.ts';

const NAME_MAX = 255;
const NOTE_MAX = 65536;
const SIGNATURES_MAX = 32;
const SIGNATURE_LEN = 64;
const KEY_LEN = 32;
const ED25519 = 0x01;

/** A verifier key: name+hex8+base64(0x01 || public key). */
export interface LogKey {
  readonly text: string;
  readonly name: string;
  readonly id: string;
  readonly key: Uint8Array;
}

function nameOk(name: string): boolean {
  const { length } = utf8(name);
  if (length === 0 || length > NAME_MAX) return false;
  return !/[\u0000-\u0020+\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/.test(name);
}

/** A key, or what is wrong; one text a key. */
export function readKey(text: string): LogKey | string {
  const [, name, id, digits] = /^([^+]+)\+(.{8})\+(.+)$/s.exec(text) ?? [];
  const bytes = digits === undefined ? undefined : fromBase64(digits);
  if (name === undefined || !nameOk(name) || bytes?.length !== 1 + KEY_LEN || bytes[0] !== ED25519)
    return 'no verifier key: name+hash+base64 of an Ed25519 key';
  const want = hex(sha256Of(utf8(`${name}\n`), bytes).subarray(0, 4));
  return id === want && base64(bytes) === digits
    ? { text, name, id, key: bytes.slice(1) }
    : "the verifier key's hash is not that of its key";
}

export function parseKey(text: string): LogKey | undefined {
  const key = readKey(text);
  return typeof key === 'string' ? undefined : key;
}

/** What one reads aloud to compare keys: SHA-256 of the key's text. */
export function fingerprint(key: LogKey): string {
  return hex(sha256Of(utf8(key.text)));
}

// --- signed notes ---

export interface Note {
  /** The signed text, with its last LF. */
  readonly text: string;
  /** Names of other signers (witnesses), whose keys are not here. */
  readonly others: readonly string[];
}

interface Signature {
  readonly name: string;
  readonly id: string;
  readonly bytes: Uint8Array;
}

function parseSignature(line: string): Signature | undefined {
  const [, name, digits] = /^\u2014 ([^ ]*) (.*)$/s.exec(line) ?? [];
  const bytes = digits === undefined ? undefined : fromBase64(digits);
  if (name === undefined || !nameOk(name) || !bytes || bytes.length <= 4) return undefined;
  return { name, id: hex(bytes.subarray(0, 4)), bytes: bytes.slice(4) };
}

function split(bytes: Uint8Array, path: string): [string, string[]] {
  const note = bytes.length > NOTE_MAX ? undefined : fromUtf8(bytes);
  // The line feed at the very end is that of the last signature.
  const at = note?.lastIndexOf('\n\n', note.length - 3) ?? -1;
  if (note === undefined || bytes.length < 3 || !note.endsWith('\n') || at < 0 ||
      /[\u0000-\u0009\u000b-\u001f]/.test(note))
    throw new Lie('checkpoint-malformed', path, 'not a signed note');
  const lines = note.slice(at + 2).split('\n').slice(0, -1);
  return [note.slice(0, at + 1), lines];
}

/** Checks the log's own signature. */
export async function checkNote(key: LogKey, bytes: Uint8Array, path: string): Promise<Note> {
  const [text, lines] = split(bytes, path);
  const others: string[] = [];
  let good = 0;
  for (const [i, line] of lines.entries()) {
    const signature = i < SIGNATURES_MAX ? parseSignature(line) : undefined;
    if (!signature)
      throw new Lie('checkpoint-malformed', path, i < SIGNATURES_MAX
        ? `note: signature line ${i + 1} is malformed`
        : `note: more than ${SIGNATURES_MAX} signatures`);
    if (signature.id !== key.id || signature.name !== key.name) {
      others.push(signature.name);
      continue;
    }
    if (signature.bytes.length !== SIGNATURE_LEN ||
        !(await signatureOk(key.key, utf8(text), signature.bytes)))
      throw new Lie('checkpoint-signature', path, `note: the signature of ${key.name} is wrong`);
    good++;
  }
  if (good === 0)
    throw new Lie('checkpoint-unsigned', path, `note: no signature of ${key.name} (${key.id})`);
  return { text, others };
}

// --- checkpoints ---

export interface Checkpoint {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly others: readonly string[];
}

function parseHash(line: string | undefined): Uint8Array | undefined {
  const hash = line?.length === 44 ? fromBase64(line) : undefined;
  return hash?.length === HASH_LEN ? hash : undefined;
}

/** Signed with this key, and of its log. */
export async function checkCheckpoint(key: LogKey, bytes: Uint8Array, path: string): Promise<Checkpoint> {
  const { text, others } = await checkNote(key, bytes, path);
  const malformed = (what: string) => new Lie('checkpoint-malformed', path, what);
  const [origin = '', digits = '', rootText, ...more] = text.split('\n').slice(0, -1);
  const size = wholeNumber(digits);
  const root = parseHash(rootText);
  if (origin === '' || utf8(origin).length > NAME_MAX || size === undefined || !root)
    throw malformed('not a checkpoint: origin, size and root hash');
  if (more.includes('')) throw malformed('checkpoint: an extension line is empty');
  if (size === 0n && !equal(root, emptyRoot()))
    throw malformed('checkpoint: size 0 with the root of something');
  if (origin !== key.name)
    throw new Lie('checkpoint-other', path, `checkpoint: it is of another log than ${key.name}`);
  return { size, root, others };
}

// --- the way from an earlier checkpoint ---

const CONSISTENCY = 'sallyport/consistency/v1';

export interface Consistency {
  readonly old: bigint;
  readonly size: bigint;
  readonly path: readonly Uint8Array[];
}

/** undefined when it is none. */
export function parseConsistency(bytes: Uint8Array): Consistency | undefined {
  const text = fromUtf8(bytes);
  if (!text?.endsWith('\n')) return undefined;
  const [head, sizes = '', ...lines] = text.slice(0, -1).split('\n');
  const [old, size, ...more] = sizes.split(' ').map(wholeNumber);
  const path = lines.map(parseHash);
  if (head !== CONSISTENCY || old === undefined || size === undefined || more.length > 0 ||
      path.includes(undefined) || path.length > PATH_HASHES_MAX)
    return undefined;
  return { old, size, path: path as Uint8Array[] };
}

// --- proofs ---

export interface Proof {
  readonly index: bigint;
  readonly path: readonly Uint8Array[];
  /** The note at its end. */
  readonly checkpoint: Uint8Array;
}

/** undefined when it is none. */
export function parseProof(bytes: Uint8Array): Proof | undefined {
  const text = bytes.length > NOTE_MAX ? undefined : fromUtf8(bytes);
  const end = text?.indexOf('\n\n') ?? -1;
  if (text === undefined || end < 0) return undefined;
  const [head, ...lines] = text.slice(0, end).split('\n');
  if (lines[0]?.startsWith('extra ') && !fromBase64(lines.shift()!.slice(6))?.length)
    return undefined;
  const index = /^index ([0-9]*)$/.exec(lines.shift() ?? '')?.[1];
  const path = lines.map(parseHash);
  if (head !== 'c2sp.org/tlog-proof@v1' || index === undefined || path.includes(undefined) ||
      path.length > PATH_HASHES_MAX)
    return undefined;
  const number = wholeNumber(index);
  return number === undefined ? undefined
    : { index: number, path: path as Uint8Array[], checkpoint: utf8(text.slice(end + 2)) };
}

/** Is this entry in the log that the checkpoint speaks of, where the proof says? */
export function proves(proof: Proof, checkpoint: Checkpoint, entry: Uint8Array): boolean {
  return includes(proof.index, checkpoint.size, leafHash(entry), proof.path, checkpoint.root);
}

/** A tlog-proof ends with the checkpoint it rests on, byte for byte. */
export function restsOn(proof: Uint8Array, checkpoint: Uint8Array): boolean {
  return proof.length > checkpoint.length &&
    equal(proof.subarray(proof.length - checkpoint.length), checkpoint);
}

