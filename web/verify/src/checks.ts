// Checking a bag: the checks of src/bag/verify.c, in the same order and at the
// same places.  The bag is a whole bag (bag.ts).  Then:
//
//   log/key          is a verifier key, and the one insisted on
//   log/checkpoint   is signed with it
//   log/cosigned, log/timestamped   see vouched.ts
//   data/<id>/<name> one file for each item, and nothing else in data/
//   custody/<id>/    belongs to an item
//     <n>.json       has its proof <n>.tlog-proof under that checkpoint, for
//                    index n; is a canonical entry about that item, of one
//                    agency for the whole bag
//     filename.txt   only where the name in data/ had to be changed
//     report.pdf     the custody record on paper
//   "evidence.sealed" is there once for each item and gives the size, the
//                    SHA-256 and the file name of what is in data/
//
// The program ends at the first lie; this goes on, so that a reader sees what
// else is wrong, but never calls proven what rests on something that is not.
import { equal, fromUtf8, hex, latin1, utf8, wholeNumber } from './bytes.ts';
import { readBag, type BagFile, type Content, type ReadOptions } from './bag.ts';
import { Findings, Lie, type Code, type Finding } from './finding.ts';
import { sha256Of } from './hashing.ts';
import { isObject, numberIn, objectIn, parseCanonical, textIn, type JsonObject, type Value } from './json.ts';
import type { Walk } from './member.ts';
import { checkCheckpoint, fingerprint, parseProof, proves, readKey, restsOn, type Checkpoint, type LogKey } from './note.ts';
import { isPayload, pathName } from './path.ts';
import { checkVouched } from './vouched.ts';
import type { Claims, EventRow, ItemRow, LogFacts, Pinned, Report, SourceFacts, State, Verdict } from './report.ts';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ID_LEN = 36;
const KEY = 'log/key';
const CHECKPOINT = 'log/checkpoint';

/** What entries and items rest on. */
interface Ground {
  readonly content: Content;
  readonly findings: Findings;
  /** The files of custody/<id>/. */
  readonly custody: ReadonlyMap<string, readonly BagFile[]>;
  readonly note: BagFile | undefined;
  /** undefined when it is not there, or not signed by the key. */
  readonly checkpoint: Checkpoint | undefined;
  /** Of the first entry. */
  agency: string;
}

// --- the log ---

function checkKey(content: Content): LogKey {
  const file = content.byPath.get(KEY);
  if (!file) throw new Lie('file-missing', KEY, 'it is missing');
  const text = latin1(file.bytes ?? new Uint8Array(0));
  if (!text.endsWith('\n')) throw new Lie('key-malformed', KEY, 'it is not one line');
  const key = readKey(fromUtf8(file.bytes!)?.slice(0, -1) ?? '');
  if (typeof key === 'string') throw new Lie('key-malformed', KEY, key);
  return key;
}

async function openLog(content: Content, findings: Findings): Promise<[LogFacts, Checkpoint | undefined]> {
  const none = { cosigned: undefined, timestamped: undefined };
  let key: LogKey | undefined;
  let checkpoint: Checkpoint | undefined;
  await findings.step('key', () => {
    key = checkKey(content);
  });
  const bytes = content.byPath.get(CHECKPOINT)?.bytes;
  const good = await findings.step('checkpoint', async () => {
    if (!bytes) throw new Lie('file-missing', CHECKPOINT, 'it is missing');
    if (key) checkpoint = await checkCheckpoint(key, bytes, CHECKPOINT);
  });
  const vouched = content.whole ? await checkVouched(content, findings, key, checkpoint) : none;
  return [{
    key: key?.text ?? '',
    name: key?.name ?? '',
    fingerprint: key ? fingerprint(key) : '',
    signature: checkpoint ? 'good' : good ? 'unknown' : 'bad',
    size: checkpoint?.size.toString() ?? '',
    root: checkpoint ? hex(checkpoint.root) : '',
    witnesses: vouched.cosigned?.others ?? [],
    cosigned: vouched.cosigned?.size.toString() ?? '',
    timestamped: vouched.timestamped?.size.toString() ?? '',
  }, checkpoint];
}

// --- one entry ---

/** Everything about one entry file while it is looked at. */
class Entry {
  readonly wrong: string[] = [];
  proof: State = 'unknown';
  state: State = 'unknown';
  json: JsonObject | undefined;

  constructor(readonly ground: Ground, readonly file: BagFile, readonly index: bigint) {}

  private lie(...of: ConstructorParameters<typeof Lie>): void {
    const { text } = this.ground.findings.add('items', new Lie(...of));
    this.wrong.push(text);
  }

  check(item: Item): void {
    this.checkProof();
    this.checkEntry(item);
  }

  private checkProof(): void {
    const before = this.wrong.length;
    const path = this.file.path.replace(/json$/, 'tlog-proof');
    const proof = this.ground.content.byPath.get(path)?.bytes;
    const { note, checkpoint } = this.ground;
    if (!proof) this.lie('proof-missing', path, 'it is missing');
    else if (note?.bytes && checkpoint) this.checkInclusion(path, proof, note.bytes, checkpoint);
    else return; // it rests on what is wrong itself
    this.proof = this.wrong.length === before ? 'good' : 'bad';
  }

  private checkInclusion(path: string, bytes: Uint8Array, note: Uint8Array, checkpoint: Checkpoint): void {
    if (!restsOn(bytes, note))
      return this.lie('proof-checkpoint', path, 'it rests on another checkpoint than log/checkpoint');
    const proof = parseProof(bytes);
    if (!proof) return this.lie('proof-malformed', path, 'not a tlog-proof');
    // The checkpoint is good: it is the entry that the log has not, or has
    // elsewhere.
    if (!equal(proof.checkpoint, note) || !proves(proof, checkpoint, this.file.bytes!))
      return this.lie('proof-fails', this.file.path, 'its proof does not show that it is in the log');
    if (proof.index !== this.index)
      this.lie('proof-index', path, 'it is the proof of another index');
  }

  private checkEntry(item: Item): void {
    const before = this.wrong.length;
    const json = parseCanonical(this.file.bytes!);
    if (json === 'malformed') this.lie('entry-malformed', this.file.path, 'it is not an entry of a log');
    else if (json === 'spelling') this.lie('entry-canonical', this.file.path, 'it is not canonical JSON');
    else this.checkSaid(json, item);
    this.state = this.wrong.length === before ? 'good' : 'bad';
  }

  private checkSaid(json: JsonObject, item: Item): void {
    const { path } = this.file;
    const object = objectIn(json, 'object');
    const agency = textIn(json, 'agency');
    const kind = textIn(object, 'kind');
    const id = textIn(object, 'id');
    if (textIn(json, 'act') === undefined || agency === undefined || kind === undefined ||
        id === undefined || utf8(agency).length !== ID_LEN || !isObject(json['detail']))
      return this.lie('entry-malformed', path, 'it is not an entry of a log');
    this.json = json;
    if (kind !== 'evidence' || id !== item.id)
      return this.lie('entry-object', path, 'it is about something else');
    this.ground.agency ||= agency;
    if (agency !== this.ground.agency)
      return this.lie('entry-agency', path, 'it is of another agency');
    if (textIn(json, 'act') !== 'evidence.sealed') return;
    if (textIn(json, 'outcome') !== 'done')
      return this.lie('entry-failed', path, 'it says that sealing failed');
    item.checkSealed(this, json['detail']);
  }

  row(): EventRow {
    const actor = objectIn(this.json, 'actor');
    return {
      path: this.file.path,
      index: this.index.toString(),
      proof: this.proof,
      entry: this.state,
      act: textIn(this.json, 'act') ?? '',
      at: textIn(this.json, 'at') ?? '',
      outcome: textIn(this.json, 'outcome') ?? '',
      actorKind: textIn(actor, 'kind') ?? '',
      actor: textIn(actor, 'id') ?? '',
      address: textIn(this.json, 'address') ?? '',
      source: textIn(this.json, 'source') ?? '',
      detail: Object.entries(objectIn(this.json, 'detail') ?? {}).map(([k, v]) => [k, written(v)]),
      wrong: this.wrong,
    };
  }
}

/** A JSON value as text. */
function written(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return value.toString();
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.map((v: Value) => written(v)).join(', ');
  return Object.entries(value).map(([k, v]) => `${k}: ${written(v)}`).join(', ');
}

// --- one item ---

const sumOf = (text: Uint8Array) => hex(sha256Of(text));

/** One file of data/, and what its entries have said so far. */
class Item {
  readonly entries: Entry[] = [];
  readonly name: string; // in its path
  private readonly original: Uint8Array | undefined; // content of filename.txt
  private sealed: Entry | undefined;
  private wrong = 0;

  constructor(private readonly ground: Ground, readonly file: BagFile, readonly id: string) {
    this.name = file.path.slice(`data/${id}/`.length);
    this.original = ground.content.byPath.get(`custody/${id}/filename.txt`)?.bytes;
  }

  private lie(code: Code, path: string, text: string): void {
    this.wrong++;
    this.ground.findings.add('items', new Lie(code, path, text));
  }

  check(): void {
    for (const file of this.ground.custody.get(this.id) ?? [])
      this.checkCustodyFile(file, file.path.slice(`custody/${this.id}/`.length));
    if (!this.sealed)
      this.lie('item-unsealed', this.file.path, 'no entry in the bag says that it was sealed');
  }

  /** The entry `<n>.json`, the proof beside it, or one of the fixed names. */
  private checkCustodyFile(file: BagFile, name: string): void {
    if (['filename.txt', 'report.pdf', 'report.txt'].includes(name)) return;
    const [, digits = '', kind] = /^([0-9]*)\.(json|tlog-proof)$/.exec(name) ?? [];
    const index = wholeNumber(digits);
    if (index === undefined) return this.lie('custody-stray', file.path, 'it does not belong there');
    if (kind === 'tlog-proof') {
      const entry = file.path.replace(/tlog-proof$/, 'json');
      if (!this.ground.content.byPath.has(entry)) this.lie('entry-missing', entry, 'it is missing');
      return;
    }
    const entry = new Entry(this.ground, file, index);
    this.entries.push(entry);
    entry.check(this);
  }

  checkSealed(entry: Entry, detail: JsonObject): void {
    if (this.sealed)
      return this.lie('sealed-twice', entry.file.path, 'the item was sealed once before');
    this.sealed = entry;
    if (textIn(detail, 'sha256') !== this.file.sha256)
      this.lie('sealed-sha256', this.file.path, 'its content is not what was sealed: another SHA-256');
    if (numberIn(detail, 'size') !== BigInt(this.file.size))
      this.lie('sealed-size', this.file.path, 'its content is not what was sealed: another size');
    this.checkName(textIn(detail, 'filename_sha256'));
  }

  /** The name in data/ is the one recorded, or what became of it in a path. */
  private checkName(sum: string | undefined): void {
    if (sum === undefined || sumOf(utf8(this.name)) === sum) return;
    if (!this.original || sumOf(this.original) !== sum)
      return this.lie('sealed-name', this.file.path, 'its name is not the one that was sealed');
    const text = fromUtf8(this.original);
    if (text === undefined || pathName(text) !== this.name)
      this.lie('sealed-name', this.file.path, 'its name was not made from the one that was sealed');
  }

  private state(): State {
    if (this.wrong > 0) return 'bad';
    const { sealed } = this;
    if (sealed?.proof === 'bad' || sealed?.state === 'bad') return 'bad';
    return sealed?.proof === 'good' && sealed.state === 'good' ? 'good' : 'unknown';
  }

  row(): ItemRow {
    const original = this.original && this.wrong === 0 ? fromUtf8(this.original) : undefined;
    const rows = new Map(this.entries.map((entry) => [entry, entry.row()]));
    const inLogOrder = [...rows].sort(([a], [b]) => (a.index < b.index ? -1 : 1));
    return {
      id: this.id, path: this.file.path,
      name: original ?? this.name, nameInBag: original === undefined ? '' : this.name,
      size: this.file.size, sha256: this.file.sha256, sha512: this.file.sha512,
      sealed: (this.sealed && rows.get(this.sealed)) ?? null,
      state: this.state(),
      events: inLogOrder.map(([, row]) => row),
    };
  }
}

/** The id in "data/<id>/<name>". */
function itemId(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length === 3 && ID.test(parts[1]!) ? parts[1] : undefined;
}

async function checkItems(ground: Ground, pause: () => Promise<void>): Promise<Item[]> {
  const { content, findings } = ground;
  const items = new Map<string, Item>();
  for (const file of content.files.filter((f) => isPayload(f.path))) {
    const id = itemId(file.path);
    if (id === undefined)
      findings.add('items', new Lie('item-folder', file.path, 'it is not in the folder of an item'));
    else if (items.has(id))
      findings.add('items', new Lie('item-twice', file.path, 'the item has another file already'));
    else {
      const item = new Item(ground, file, id);
      item.check();
      items.set(id, item);
      await pause();
    }
  }
  return [...items.values()];
}

function custodyOf(content: Content): Map<string, BagFile[]> {
  const custody = new Map<string, BagFile[]>();
  for (const file of content.files) {
    const [top, id = '', name] = file.path.split('/');
    if (top !== 'custody' || name === undefined) continue;
    const files = custody.get(id);
    if (files) files.push(file);
    else custody.set(id, [file]);
  }
  return custody;
}

/** Every folder in custody/ is an item's. */
function checkStrays(content: Content, findings: Findings): void {
  const payloads = content.files.filter((f) => isPayload(f.path));
  const ids = new Set(payloads.map((f) => f.path.split('/')[1]));
  for (const { path } of content.files)
    if (path.startsWith('custody/') && !ids.has(path.split('/')[1]))
      findings.add('strays', new Lie('custody-no-item', path, 'it belongs to no item of the bag'));
}

// --- the whole ---

/** RFC 8493 2.2.2: what the bag says of itself. */
function claims(content: Content): Claims {
  const lines = (fromUtf8(content.byPath.get('bag-info.txt')?.bytes ?? new Uint8Array(0)) ?? '').split('\n');
  const of = (label: string) =>
    lines.find((line) => line.startsWith(`${label}: `))?.slice(label.length + 2) ?? '';
  return {
    organization: of('Source-Organization'),
    description: of('External-Description'),
    sender: of('Internal-Sender-Description'),
    date: of('Bagging-Date'),
    software: of('Bag-Software-Agent'),
  };
}

export interface CheckOptions extends Omit<ReadOptions, 'findings'> {
  readonly source: SourceFacts;
}

export async function checkBag(walk: Walk, o: CheckOptions): Promise<Report> {
  const findings = new Findings();
  const content = await readBag(walk, { ...o, findings });
  await o.tick(o.source.size); // all is read: headers and padding, too
  const [log, checkpoint] = content.whole
    ? await openLog(content, findings)
    : [NO_LOG, undefined];
  const ground: Ground = { content, findings, custody: custodyOf(content),
    note: content.byPath.get(CHECKPOINT), checkpoint, agency: '' };
  const items = content.whole ? await checkItems(ground, async () => o.tick(0)) : [];
  if (content.whole) {
    checkStrays(content, findings);
    if (items.length === 0)
      findings.add('evidence', new Lie('no-evidence', 'data', 'there is no evidence in the bag'));
  }
  const rows = items.map((item) => item.row());
  const events = rows.flatMap((row) => row.events);
  return {
    source: o.source,
    findings: findings.list(),
    whole: content.whole,
    files: content.files.map(({ path, size, sha256, sha512 }) => ({ path, size, sha256, sha512 })),
    bytes: content.files.reduce((n, f) => n + f.size, 0),
    items: rows,
    entries: events.length,
    proofs: events.filter((e) => e.proof === 'good').length,
    agency: ground.agency,
    log,
    claims: claims(content),
  };
}

const NO_LOG: LogFacts = { key: '', name: '', fingerprint: '', signature: 'unknown', size: '',
  root: '', witnesses: [], cosigned: '', timestamped: '' };

// --- the key that the agency publishes ---

/** Was this key given, and is it the bag's? */
export function pinned(report: Report, pin: LogKey | undefined): Pinned {
  if (!pin || report.log.key === '') return 'none';
  return report.log.key === pin.text ? 'same' : 'other';
}

/** The findings with the key's, where `sallyport verify --key` has it. */
export function findingsWith(report: Report, pin: LogKey | undefined): readonly Finding[] {
  if (pinned(report, pin) !== 'other') return report.findings;
  const other = new Findings();
  const finding = other.add('key', new Lie('key-other', KEY,
    "it is another log's key than the one insisted on"));
  const at = report.findings.findIndex((f) =>
    ['checkpoint', 'vouched', 'items', 'strays', 'evidence'].includes(f.stage));
  const before = at < 0 ? report.findings.length : at;
  return [...report.findings.slice(0, before), finding, ...report.findings.slice(before)];
}

export function verdict(report: Report, pin: LogKey | undefined): Verdict {
  const [first] = findingsWith(report, pin);
  if (first) return first.kind === 'lie' ? 'bad' : 'unreadable';
  return pinned(report, pin) === 'same' ? 'good' : 'good-unpinned';
}

