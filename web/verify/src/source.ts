// What the user gives to be checked: an archive, or a folder's files.
import { checkBag } from './checks.ts';
import { walkFolder, type FolderFile } from './folder.ts';
import type { Summer, Tick } from './hashing.ts';
import type { Walk } from './member.ts';
import { Reader } from './reader.ts';
import type { Report, SourceFacts } from './report.ts';
import { walkTar } from './tar.ts';
import { isZip, walkZip } from './zip.ts';

export type Given =
  | { readonly name: string; readonly archive: Blob }
  | { readonly name: string; readonly files: readonly FolderFile[] };

export function sizeOf(given: Given): number {
  return 'archive' in given ? given.archive.size
    : given.files.reduce((n, { file }) => n + file.size, 0);
}

async function open(given: Given): Promise<[SourceFacts['kind'], Walk]> {
  if ('files' in given) return ['folder', walkFolder(given.files)];
  const reader = new Reader(given.archive);
  // What cannot be read is told when it is walked.
  return (await isZip(reader).catch(() => false)) ? ['zip', walkZip(reader)] : ['tar', walkTar(reader)];
}

export interface Means {
  readonly sum: Summer;
  readonly lanes: number;
  readonly tick: Tick;
}

export async function check(given: Given, means: Means): Promise<Report> {
  const [kind, walk] = await open(given);
  return checkBag(walk, { ...means, source: { name: given.name, kind, size: sizeOf(given) } });
}
