// What an archive or a folder gives: its files, one after another, at paths
// that lie inside the bag (src/bag/read.h).
import { Lie } from './finding.ts';
import { pathOk } from './path.ts';

/** What a bag may hold; the program's own maxima (src/bag/write.h). */
export const FILES_MAX = 250_000;
export const MEMBERS_MAX = 2 * FILES_MAX;

export interface Member {
  /** Relative to the bag. */
  readonly path: string;
  /** The bytes as they lie in the archive, where nothing has to be unpacked. */
  readonly stored?: Blob;
  /** What the archive says that the content's sum is. */
  readonly crc32?: number;
  chunks(): AsyncGenerator<Uint8Array>;
}

/**
 * Files in the order of the archive.  A member that is refused is told to
 * `refuse`, and the walk goes on without it; a thrown lie ends the walk.
 */
export type Walk = (refuse: (lie: Lie) => void) => AsyncGenerator<Member>;

export function countMember(seen: number, path: string): void {
  if (seen >= MEMBERS_MAX)
    throw new Lie('archive-large', path, `more than ${MEMBERS_MAX} files and folders`, 'limit');
}

/**
 * The base directory of an archive is the first component of its first member,
 * unless that is data, custody or log: then the bag lies at the top.
 */
export class Base {
  private base: string | undefined;

  /** A member's path inside the bag; "" for the base directory itself. */
  inside(name: string, folder: boolean): string {
    let path = name.startsWith('./') ? name.slice(2) : name;
    if (path === '' && folder && name !== '') return '';
    if (folder) path = path.replace(/\/$/, '');
    if (!pathOk(path))
      throw new Lie('path-illegal', path,
        'a path that could lead out of the bag, or is not plain UTF-8');
    this.base ??= firstBase(path, folder);
    if (folder && `${path}/` === this.base) return '';
    if (!path.startsWith(this.base))
      throw new Lie('path-outside', path, `not in the bag's folder ${this.base}`);
    return path.slice(this.base.length);
  }
}

function firstBase(path: string, folder: boolean): string {
  const slash = path.indexOf('/');
  if (slash < 0 && !folder) return '';
  const first = slash < 0 ? path : path.slice(0, slash);
  return ['data', 'custody', 'log'].includes(first) ? '' : `${first}/`;
}
