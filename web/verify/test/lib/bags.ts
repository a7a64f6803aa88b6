// Whole bags, with a log and its key, made with Node's crypto alone.
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { text, type Files } from './archives.ts';

export const sha = (kind: string, bytes: Uint8Array) => createHash(kind).update(bytes).digest();
const hash = (...parts: Uint8Array[]) => sha('sha256', Buffer.concat(parts));
const leaf = (entry: Uint8Array) => hash(Buffer.of(0), entry);

/** RFC 6962 2.1: MTH. */
export function root(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return hash();
  if (entries.length === 1) return leaf(entries[0]!);
  const k = half(entries.length);
  return hash(Buffer.of(1), root(entries.slice(0, k)), root(entries.slice(k)));
}

/** RFC 6962 2.1.1: PATH(m, D[n]). */
export function path(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length === 1) return [];
  const k = half(entries.length);
  return m < k ? [...path(m, entries.slice(0, k)), root(entries.slice(k))]
    : [...path(m - k, entries.slice(k)), root(entries.slice(0, k))];
}

/** RFC 6962 2.1.2: PROOF(m, D[n]). */
export function since(m: number, entries: readonly Uint8Array[], whole = true): Uint8Array[] {
  const n = entries.length;
  if (m === n) return whole ? [] : [root(entries)];
  const k = half(n);
  return m <= k ? [...since(m, entries.slice(0, k), whole), root(entries.slice(k))]
    : [...since(m - k, entries.slice(k), false), root(entries.slice(0, k))];
}

/** The largest power of two below n. */
function half(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

// --- a log ---

export class Log {
  readonly entries: Uint8Array[] = [];
  readonly vkey: string;
  readonly keyId: Buffer;
  readonly raw: Buffer;
  private readonly secret: KeyObject;

  constructor(readonly name = 'evidence.example.gov/harbor-pd') {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.secret = privateKey;
    this.raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const typed = Buffer.concat([Buffer.of(1), this.raw]);
    this.keyId = hash(text(`${name}\n`), typed).subarray(0, 4) as Buffer;
    this.vkey = `${name}+${this.keyId.toString('hex')}+${typed.toString('base64')}`;
  }

  append(entry: string): number {
    return this.entries.push(text(entry)) - 1;
  }

  signature(signed: string): string {
    const blob = Buffer.concat([this.keyId, sign(null, text(signed), this.secret)]);
    return `\u2014 ${this.name} ${blob.toString('base64')}\n`;
  }

  checkpoint(more = ''): string {
    const b64 = Buffer.from(root(this.entries)).toString('base64');
    const signed = `${this.name}\n${this.entries.length}\n${b64}\n${more}`;
    return `${signed}\n${this.signature(signed)}`;
  }

  /** The checkpoint of its first `old` entries, with others' lines. */
  was(old: number, ...others: readonly string[]): string {
    const b64 = Buffer.from(root(this.entries.slice(0, old))).toString('base64');
    const signed = `${this.name}\n${old}\n${b64}\n`;
    const lines = others.map((name) => `\u2014 ${name} ${Buffer.alloc(76, 7).toString('base64')}\n`);
    return `${signed}\n${this.signature(signed)}${lines.join('')}`;
  }

  /** The path from its first `old` entries to all. */
  way(old: number): string {
    const hashes = since(old, this.entries).map((h) => `${Buffer.from(h).toString('base64')}\n`).join('');
    return `sallyport/consistency/v1\n${old} ${this.entries.length}\n${hashes}`;
  }

  proof(index: number, checkpoint: string): string {
    const hashes = path(index, this.entries).map((h) => `${Buffer.from(h).toString('base64')}\n`).join('');
    return `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes}\n${checkpoint}`;
  }
}

// --- a bag ---

export const AGENCY = '01a1ffa3-bbda-77c8-92a0-40690962d136';
const TOKEN = '01a1ffa3-bbe2-7e1c-9dbc-8cab7bde9a9e';

export interface EntryOf {
  act: string;
  id: string;
  at?: string;
  detail?: string;
  agency?: string;
  outcome?: string;
  kind?: string;
}

/** An entry in the log's spelling. */
export function entry(e: EntryOf): string {
  return `{"act":"${e.act}","actor":{"id":"${TOKEN}","kind":"token"},"address":"192.0.2.7",` +
    `"agency":"${e.agency ?? AGENCY}","at":"${e.at ?? '2026-11-21T19:44:46.177428Z'}","detail":${e.detail ?? '{}'},` +
    `"object":{"id":"${e.id}","kind":"${e.kind ?? 'evidence'}"},"outcome":"${e.outcome ?? 'done'}","source":"api","v":1}`;
}

export function sealedDetail(content: Uint8Array, name: string): string {
  return `{"filename_sha256":"${sha('sha256', text(name)).toString('hex')}","media_type":"video/mp4",` +
    `"sha256":"${sha('sha256', content).toString('hex')}","size":${content.length}}`;
}

export const itemId = (i: number) => `01a1ffa3-c844-798d-9d9f-${String(i).padStart(12, '0')}`;

export interface BagItem {
  name: string;
  content: Uint8Array;
}

export interface Bag {
  files: Files;
  log: Log;
  ids: string[];
  /** Indices of each item's entries. */
  entries: number[][];
}

const escaped = (name: string) => name.replace(/%/g, '%25').replace(/\n/g, '%0A').replace(/\r/g, '%0D');

function manifest(files: Files, kind: string, wanted: (path: string) => boolean): Uint8Array {
  const lines = [...files].filter(([name]) => wanted(name))
    .map(([name, content]) => `${sha(kind, content).toString('hex')}  ${escaped(name)}\n`);
  return text(lines.join(''));
}

const isData = (name: string) => name.startsWith('data/');

/** Make the manifests and the oxum again, as somebody would who covers a change. */
export function resum(files: Files): void {
  const data = [...files].filter(([name]) => isData(name));
  const octets = data.reduce((n, [, content]) => n + content.length, 0);
  files.set('bag-info.txt', text(`Source-Organization: Harbor PD\nBagging-Date: 2026-11-21\nPayload-Oxum: ${octets}.${data.length}\n`));
  for (const kind of ['sha256', 'sha512']) files.set(`manifest-${kind}.txt`, manifest(files, kind, isData));
  retag(files);
}

/** The tag manifests alone. */
export function retag(files: Files): void {
  for (const kind of ['sha256', 'sha512']) files.delete(`tagmanifest-${kind}.txt`);
  const tags = ['sha256', 'sha512'].map((kind) =>
    [`tagmanifest-${kind}.txt`, manifest(files, kind, (name) => !isData(name))] as const);
  for (const [name, content] of tags) files.set(name, content);
}

/** Proofs and checkpoint of the log as it now is. */
export function reprove(bag: Bag): void {
  const note = bag.log.checkpoint();
  bag.files.set('log/checkpoint', text(note));
  bag.ids.forEach((id, i) => {
    for (const index of bag.entries[i]!) {
      bag.files.set(`custody/${id}/${index}.json`, bag.log.entries[index]!);
      bag.files.set(`custody/${id}/${index}.tlog-proof`, text(bag.log.proof(index, note)));
    }
  });
  resum(bag.files);
}

export function makeBag(items: readonly BagItem[] = [
  { name: 'stop 41.mp4', content: text('moving pictures\n'.repeat(100)) },
  { name: 'statement “2”.txt', content: text('statement\n') },
]): Bag {
  const log = new Log();
  const files: Files = new Map([
    ['bagit.txt', text('BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n')],
    ['README.txt', text('read me\n')],
    ['log/key', text(`${log.vkey}\n`)],
  ]);
  const bag: Bag = { files, log, ids: items.map((_, i) => itemId(i)), entries: items.map(() => []) };
  log.append(entry({ act: 'agency.created', id: AGENCY, kind: 'agency' }));
  items.forEach(({ name, content }, i) => {
    const id = bag.ids[i]!;
    const shown = name.replace(/\\/g, '_');
    files.set(`data/${id}/${shown}`, content);
    if (shown !== name) files.set(`custody/${id}/filename.txt`, text(name));
    bag.entries[i]!.push(log.append(entry({ act: 'upload.created', id })),
      log.append(entry({ act: 'evidence.sealed', id, detail: sealedDetail(content, name) })));
  });
  bag.ids.forEach((id, i) => {
    bag.entries[i]!.push(log.append(entry({ act: 'evidence.exported', id })));
  });
  reprove(bag);
  return bag;
}

/** With the base directory before every path. */
export function based(files: Files, base = 'harbor-pd-20261121T194455Z'): Files {
  return new Map([...files].map(([name, content]) => [`${base}/${name}`, content]));
}
