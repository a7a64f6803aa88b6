// The content of a bag, read through once and found to be a whole and valid
// BagIt 1.0 bag (RFC 8493 3) with nothing in it that is not accounted for; the
// checks of src/bag/content.c in the same order:
//
//   every path legal, every file there once
//   bagit.txt says BagIt 1.0, UTF-8
//   every tag file in both tag manifests, and no other; hashes
//   every payload file in both manifests, and no other; hashes
//   Payload-Oxum in bag-info.txt
//
// When a file's hashes differ from both manifests the lie is the file's; from
// one only, that manifest's.  Tag files are kept in memory, payloads not.
import { compareUtf8, concat, find, hex, latin1 } from './bytes.ts';
import { Lie, type Findings, type Stage } from './finding.ts';
import { Summing, type Summer, type Sums, type Tick } from './hashing.ts';
import { ALGORITHMS, parseManifest, type Algorithm, type Manifest } from './manifest.ts';
import { FILES_MAX, type Member, type Walk } from './member.ts';
import { isPayload } from './path.ts';

const MANIFEST_MAX = 64 << 20;
const TAG_MAX = 1 << 20;
const HELD_MAX = 256 << 20; // all tag files together

export interface BagFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly sha512: string;
  /** A tag file's bytes. */
  readonly bytes?: Uint8Array;
}

export interface Content {
  /** In byte order of their paths. */
  readonly files: readonly BagFile[];
  readonly byPath: ReadonlyMap<string, BagFile>;
  /** False when reading ended before the bag did: then nothing more is known. */
  readonly whole: boolean;
}

export interface ReadOptions {
  readonly findings: Findings;
  readonly tick: Tick;
  readonly sum: Summer;
  /** How many payloads may be summed at once. */
  readonly lanes: number;
}

const tagManifest = (a: Algorithm) => `tagmanifest-${a}.txt`;
const payloadManifest = (a: Algorithm) => `manifest-${a}.txt`;
const isTagManifest = (path: string) => ALGORITHMS.some((a) => tagManifest(a) === path);
const isManifest = (path: string) =>
  isTagManifest(path) || ALGORITHMS.some((a) => payloadManifest(a) === path);

// --- reading ---

class Reading {
  readonly files: BagFile[] = [];
  private held = 0;

  constructor(private readonly o: ReadOptions) {}

  /** Payloads being summed. */
  private readonly lanes = new Set<Promise<void>>();

  /** False when a lie ended it before the end. */
  async all(walk: Walk): Promise<boolean> {
    let order = 0;
    try {
      for await (const member of walk((lie) => this.o.findings.add('archive', lie, order++)))
        await this.one(member, order++);
      await Promise.all(this.lanes);
      return true;
    } catch (error) {
      if (!(error instanceof Lie)) throw error;
      await Promise.allSettled(this.lanes);
      this.o.findings.add('archive', error, Number.MAX_SAFE_INTEGER);
      return false;
    }
  }

  private async one(member: Member, order: number): Promise<void> {
    if (this.files.length >= FILES_MAX)
      throw new Lie('archive-large', member.path, `more than ${FILES_MAX} files`, 'limit');
    if (isPayload(member.path)) await this.payload(member, order);
    else await this.tag(member, order);
  }

  private async payload(member: Member, order: number): Promise<void> {
    if (member.stored) {
      const { stored } = member;
      const lane = this.o.sum(stored, member.path, this.o.tick)
        .then((sums) => this.keep(member, order, sums, stored.size));
      this.lanes.add(lane);
      lane.then(() => this.lanes.delete(lane), () => undefined); // a failed one stays, to be met
      if (this.lanes.size >= this.o.lanes) await Promise.race(this.lanes);
      return;
    }
    const sums = new Summing();
    await this.each(member, (chunk) => sums.add(chunk));
    this.keep(member, order, sums.done(), sums.size);
  }

  private async tag(member: Member, order: number): Promise<void> {
    const sums = new Summing();
    const parts: Uint8Array[] = [];
    const max = isManifest(member.path) ? MANIFEST_MAX : TAG_MAX;
    await this.each(member, (chunk) => {
      this.held += chunk.length;
      if (this.held > HELD_MAX || sums.size + chunk.length > max)
        throw new Lie('file-large', member.path, `larger than such a file may be (${max >> 10} KiB; ` +
          `${HELD_MAX >> 20} MiB for all together)`, 'limit');
      sums.add(chunk);
      parts.push(chunk.slice());
    });
    this.keep(member, order, sums.done(), sums.size, concat(parts));
  }

  private async each(member: Member, use: (chunk: Uint8Array) => void): Promise<void> {
    try {
      for await (const chunk of member.chunks()) {
        use(chunk);
        await this.o.tick(chunk.length);
      }
    } catch (error) {
      // The archive does not know its members' paths in the bag.
      if (error instanceof Lie && error.place === '')
        throw new Lie(error.code, member.path, error.text, error.kind);
      throw error;
    }
  }

  private keep(member: Member, order: number, sums: Sums, size: number, bytes?: Uint8Array): void {
    const { path } = member;
    if (member.crc32 !== undefined && member.crc32 !== sums.crc32)
      this.o.findings.add('archive', new Lie('archive-damaged', path,
        'the archive is damaged: the content has another checksum than the archive says'), order);
    this.files.push({ path, size, sha256: hex(sums.sha256), sha512: hex(sums.sha512),
      ...(bytes ? { bytes } : {}) });
  }
}

// --- what was read ---

/** A tag file as text: there, and without a NUL. */
function textOf(content: Content, path: string): Uint8Array {
  const bytes = content.byPath.get(path)?.bytes;
  if (!bytes) throw new Lie('file-missing', path, 'it is missing');
  if (find(bytes, 0) >= 0) throw new Lie('file-not-text', path, 'it is not text');
  return bytes;
}

function checkDeclaration(content: Content): void {
  if (latin1(textOf(content, 'bagit.txt')) !==
      'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n')
    throw new Lie('bagit-declaration', 'bagit.txt', 'it does not declare BagIt 1.0 in UTF-8');
}

// --- manifests against files ---

/** Both manifests of one sort, those that could be read, and their files. */
class Pair {
  private readonly manifests: Manifest[] = [];

  constructor(
    private readonly content: Content,
    private readonly findings: Findings,
    private readonly stage: Stage,
    private readonly payload: boolean,
  ) {}

  async check(): Promise<void> {
    for (const algorithm of ALGORITHMS) {
      const name = this.payload ? payloadManifest(algorithm) : tagManifest(algorithm);
      await this.findings.step(this.stage, () => {
        this.manifests.push(parseManifest(name, algorithm, textOf(this.content, name)));
      });
    }
    this.checkNames();
    for (const file of this.content.files)
      if (this.speaksOf(file.path)) this.checkFile(file);
  }

  private speaksOf(path: string): boolean {
    return this.payload ? isPayload(path) : !isPayload(path) && !isTagManifest(path);
  }

  private lie(...of: ConstructorParameters<typeof Lie>): void {
    this.findings.add(this.stage, new Lie(...of));
  }

  private checkNames(): void {
    const missing = new Set<string>();
    for (const { name, sums } of this.manifests)
      for (const path of [...sums.keys()].sort(compareUtf8)) {
        if (!this.speaksOf(path))
          this.lie('manifest-foreign', name, 'it names a file that is not its own');
        else if (!this.content.byPath.has(path) && !missing.has(path)) {
          missing.add(path);
          this.lie('file-missing', path, 'it is missing');
        }
      }
  }

  private checkFile(file: BagFile): void {
    const silent = this.manifests.filter(({ sums }) => !sums.has(file.path));
    if (silent.length === this.manifests.length) {
      if (silent.length > 0)
        this.lie('file-added', file.path, 'it is in no manifest: it was added to the bag');
      return;
    }
    for (const { name } of silent)
      this.lie('manifest-omits', name, 'it leaves out a file that the other has');
    const wrong = this.manifests.filter(({ algorithm, sums }) =>
      sums.has(file.path) && sums.get(file.path) !== file[algorithm]);
    if (wrong.length > 0 && wrong.length + silent.length === this.manifests.length)
      this.lie('file-changed', file.path, 'its content is not what both manifests say');
    else
      for (const { name } of wrong)
        this.lie('manifest-hash', name, 'it gives a file another hash than it has');
  }
}

// --- Payload-Oxum: "octets.files" (RFC 8493 2.2.2) ---

function checkOxum(content: Content): void {
  const name = 'bag-info.txt';
  const payload = content.files.filter((f) => isPayload(f.path));
  const octets = payload.reduce((n, f) => n + f.size, 0);
  const lines = latin1(textOf(content, name)).split('\n');
  const given = lines.filter((l) => l.startsWith('Payload-Oxum:'));
  if (!given.some((l) => l.startsWith('Payload-Oxum: ')))
    throw new Lie('payload-oxum', name, 'it has no Payload-Oxum');
  if (given.length > 1) throw new Lie('payload-oxum', name, 'it has Payload-Oxum twice');
  if (given[0] !== `Payload-Oxum: ${octets}.${payload.length}` || lines[lines.length - 1] === given[0])
    throw new Lie('payload-oxum', name, 'its Payload-Oxum is not that of the payload, ' +
      `${octets} bytes in ${payload.length} files`);
}

function inOrder(read: readonly BagFile[], findings: Findings): BagFile[] {
  const sorted = [...read].sort((a, b) => compareUtf8(a.path, b.path));
  return sorted.filter((file, i) => {
    const again = sorted[i - 1]?.path === file.path;
    if (again) findings.add('twice', new Lie('file-twice', file.path, 'it is there twice'));
    return !again;
  });
}

/** Read and check; what is wrong is in `o.findings`. */
export async function readBag(walk: Walk, o: ReadOptions): Promise<Content> {
  const reading = new Reading(o);
  const whole = await reading.all(walk);
  const files = inOrder(reading.files, o.findings);
  const content = { files, byPath: new Map(files.map((f) => [f.path, f])), whole };
  if (!whole) return content;
  await o.findings.step('declaration', () => checkDeclaration(content));
  await new Pair(content, o.findings, 'tags', false).check();
  await new Pair(content, o.findings, 'payload', true).check();
  await o.findings.step('oxum', () => checkOxum(content));
  return content;
}
