// A manifest (RFC 8493 2.1.3, 2.2.1) in the one form that Sallyport writes and
// sha256sum reads: lines of lower-case hex, two spaces, the path with CR, LF
// and '%' encoded, LF.  Every path is legal and named once.
import { find, latin1 } from './bytes.ts';
import { Lie } from './finding.ts';
import { unescapePath } from './path.ts';

export type Algorithm = 'sha256' | 'sha512';
export const ALGORITHMS: readonly Algorithm[] = ['sha256', 'sha512'];
const HEX_LEN: Readonly<Record<Algorithm, number>> = { sha256: 64, sha512: 128 };

export interface Manifest {
  /** Its own path. */
  readonly name: string;
  readonly algorithm: Algorithm;
  /** Path to hash, in hex. */
  readonly sums: ReadonlyMap<string, string>;
}

export function parseManifest(name: string, algorithm: Algorithm, bytes: Uint8Array): Manifest {
  const sums = new Map<string, string>();
  let twice = false;
  for (let at = 0, n = 1; at < bytes.length; n++) {
    const end = find(bytes, 0x0a, at);
    if (end < 0) throw new Lie('manifest-line', name, 'its last line is cut short');
    const [path, sum] = parseLine(name, HEX_LEN[algorithm], bytes.subarray(at, end), n);
    twice ||= sums.has(path);
    sums.set(path, sum);
    at = end + 1;
  }
  if (twice) throw new Lie('manifest-twice', name, 'it names a file twice');
  return { name, algorithm, sums };
}

function parseLine(name: string, hexLen: number, line: Uint8Array, n: number): [string, string] {
  const head = latin1(line.subarray(0, hexLen + 2));
  if (line.length <= hexLen + 2 || !/^[0-9a-f]+ {2}$/.test(head) || head.indexOf(' ') !== hexLen)
    throw new Lie('manifest-line', name, `line ${n} is not a hash, two spaces and a path`);
  const path = unescapePath(line.subarray(hexLen + 2));
  if (path === undefined)
    throw new Lie('manifest-line', name, `line ${n}: not a path inside a bag`);
  return [path, head.slice(0, hexLen)];
}
