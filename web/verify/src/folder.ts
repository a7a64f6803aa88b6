// An unpacked bag: the files of a folder, as the browser gives them.  It has
// followed links already, and shows no empty folders.
import { Lie } from './finding.ts';
import { countMember, type Walk } from './member.ts';
import { pathOk } from './path.ts';
import { chunksOf } from './reader.ts';

/** Folders within folders. */
const DEPTH_MAX = 16;

export interface FolderFile {
  /** Below the folder that was given. */
  readonly path: string;
  readonly file: Blob;
}

/**
 * Unpackers like to put the bag's folder into another one of the archive's
 * name: where all files lie in one folder that has the bagit.txt, that is it.
 */
export function bagFolder(files: readonly FolderFile[]): FolderFile[] {
  const top = files[0]?.path.split('/')[0] ?? '';
  const below = `${top}/`;
  if (files.some((f) => f.path === 'bagit.txt') || !files.some((f) => f.path === `${below}bagit.txt`) ||
      !files.every((f) => f.path.startsWith(below)))
    return [...files];
  return files.map((f) => ({ path: f.path.slice(below.length), file: f.file }));
}

function check(path: string): void {
  if (!pathOk(path))
    throw new Lie('path-illegal', path, 'a name that is too long or is not plain UTF-8');
  if (path.split('/').length > DEPTH_MAX)
    throw new Lie('archive-large', path, `folders within folders, more than ${DEPTH_MAX}`, 'limit');
}

export function walkFolder(files: readonly FolderFile[]): Walk {
  return async function* walk(refuse) {
    for (const [seen, { path, file }] of bagFolder(files).entries()) {
      countMember(seen, path);
      try {
        check(path);
      } catch (error) {
        if (!(error instanceof Lie)) throw error;
        refuse(error);
        continue;
      }
      yield { path, stored: file, chunks: () => chunksOf(file, path) };
    }
  };
}
